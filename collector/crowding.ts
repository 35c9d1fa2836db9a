import type { Clock } from '../core/clock.js';

/** The bus counts as full for so long after it refused something. */
const FULL_MS = 5_000;
/** Bytes of requests, as they come, that may be under way at once meanwhile. One request may always be, whatever its size. */
const FULL_BYTES = 2 * 2 ** 20;

/**
 * Keeps requests from queueing for the room that consumers make on a full bus. Room comes in pieces, and all senders that were
 * told to come again would take each piece at once: then everybody waits behind everybody, and no more is taken than one after the
 * other. So while the bus is full few are let in, and the others are told to come again before they are read.
 */
export interface Crowding {
  /** Bytes of requests under way. */
  underwayBytes(): number;
  /** True when a request of this size must not come in now. */
  refuses(bytes: number): boolean;
  /** Tells that the bus refused something. */
  busRefused(): void;
  /** Lets a request in; call what it returns when it is over. */
  enter(bytes: number): () => void;
}

export function createCrowding(clock: Pick<Clock, 'nowMs'>): Crowding {
  let refusedAtMs = -Infinity;
  let underway = 0;
  return {
    underwayBytes: () => underway,
    refuses: (bytes) => underway > 0 && underway + bytes > FULL_BYTES && clock.nowMs() - refusedAtMs < FULL_MS,
    busRefused() {
      refusedAtMs = clock.nowMs();
    },
    enter(bytes) {
      underway += bytes;
      return () => {
        underway -= bytes;
      };
    },
  };
}
