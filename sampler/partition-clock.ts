import type { StoredRecord } from '../core/log.js';

interface Reading {
  /** Bus time of the newest record that was read. */
  readonly busMs: number;
  /** When that was, by our own clock. */
  readonly readAtMs: number;
}

/**
 * Bus time as far as a partition has been read. While there is a backlog it is the time of the newest record; once all was
 * read it goes on with our own clock, so that a trace does not seem quiet only because its spans still wait on the bus. No
 * clock is compared with another, so neither need be right.
 */
export class PartitionClock {
  readonly #readings = new Map<number, Reading>();
  #caughtUpAtMs = -Infinity;

  /** Tells of a record that was read at `nowMs`. */
  saw(record: Pick<StoredRecord, 'partition' | 'acceptedAtMs'>, nowMs: number): void {
    const before = this.#readings.get(record.partition)?.busMs ?? -Infinity;
    const busMs = Math.max(before, record.acceptedAtMs);
    this.#readings.set(record.partition, { busMs, readAtMs: nowMs });
  }

  /** Tells that all that was on the bus at `atMs` has been read. */
  caughtUp(atMs: number): void {
    this.#caughtUpAtMs = atMs;
  }

  /** Bus time in ms; -Infinity for a partition that brought nothing yet. */
  nowMs(partition: number): number {
    const reading = this.#readings.get(partition);
    if (reading === undefined) return -Infinity;
    return reading.busMs + Math.max(0, this.#caughtUpAtMs - reading.readAtMs);
  }

  /** The furthest of all partitions. */
  latestMs(): number {
    let latest = -Infinity;
    for (const partition of this.#readings.keys()) latest = Math.max(latest, this.nowMs(partition));
    return latest;
  }
}
