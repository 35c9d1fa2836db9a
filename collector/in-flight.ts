import type { Gauge } from '../core/metrics.js';

/** The share of one request in the bytes in flight. */
export interface Hold {
  /** Sets what the request holds now. False, and unchanged, when it grows and the bound does not allow that. */
  resize(bytes: number): boolean;
  /** Gives all of it back. Safe twice. */
  release(): void;
}

/** Bytes of requests that are not on the bus yet, bounded together: a sender that is too much is refused, not queued. */
export interface InFlight {
  hold(): Hold;
}

/**
 * Bounds the bytes in flight.
 * @param maxBytes - over all requests
 */
export function createInFlight(maxBytes: number, gauge: Gauge): InFlight {
  let total = 0;
  return {
    hold() {
      let held = 0;
      const resize = (bytes: number): boolean => {
        if (bytes > held && total - held + bytes > maxBytes) return false;
        total += bytes - held;
        held = bytes;
        gauge.set(total);
        return true;
      };
      return { resize, release: () => void resize(0) };
    },
  };
}
