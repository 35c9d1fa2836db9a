import { clampToBus } from '../row-parts.js';

const MAX_NS = 2n ** 64n - 1n;

/** The times that a span may have by its record's bus time, as halves, for every time that OTLP can say. */
export class TimeRange {
  readonly firstHigh: number;
  readonly firstLow: number;
  readonly lastHigh: number;
  readonly lastLow: number;

  constructor(acceptedAtMs: number) {
    const first = clampToBus(0n, acceptedAtMs);
    const last = clampToBus(MAX_NS, acceptedAtMs);
    this.firstHigh = highOf(first);
    this.firstLow = lowOf(first);
    this.lastHigh = highOf(last);
    this.lastLow = lowOf(last);
  }

  isBefore(low: number, high: number): boolean {
    return high < this.firstHigh || (high === this.firstHigh && low < this.firstLow);
  }

  isAfter(low: number, high: number): boolean {
    return high > this.lastHigh || (high === this.lastHigh && low > this.lastLow);
  }
}

/** Decimal text of an unsigned 64-bit number. */
export function uint64Text(low: number, high: number): string {
  return String((BigInt(high) << 32n) | BigInt(low));
}

function highOf(value: bigint): number {
  return Number(value >> 32n);
}

function lowOf(value: bigint): number {
  return Number(value & 0xffffffffn);
}
