/** A 64-bit hash as two 32-bit integers, of which exclusive or is cheap. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

/**
 * Hash of a span as it is counted: its id, and whether it had ended, so that the end of a span that was sent before it
 * ended is news. Two multiplicative lanes with a final avalanche; not for secrets. Runs once a span.
 */
export function hashSpan(spanId: string, ended: boolean): Hash64 {
  let high = ended ? 0x9e3779b9 : 0x243f6a88;
  let low = 0xb7e15162;
  for (let at = 0; at < spanId.length; at += 1) {
    const code = spanId.charCodeAt(at);
    high = Math.imul(high ^ code, 0x9e3779b1);
    low = Math.imul(low ^ code, 0x5f356495);
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  return { high: high >>> 0, low: low >>> 0 };
}

/** The first 48 bits, which a number holds exactly: what the index of decided traces keeps of a span. */
export function shortHash({ high, low }: Hash64): number {
  return high * 65_536 + (low >>> 16);
}

/** 16 hex digits. */
export function hashToHex({ high, low }: Hash64): string {
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}
