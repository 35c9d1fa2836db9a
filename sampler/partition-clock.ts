import type { StoredRecord } from '../core/log.js';

/** How far a partition of one topic has been read. */
export interface Reading {
  /** Bus time of the newest record that was read. */
  readonly busMs: number;
  /** When that was, by our own clock. */
  readonly readAtMs: number;
}

/** How far each partition of one topic has been read. */
export class PartitionClock {
  readonly #readings = new Map<number, Reading>();
  #caughtUpAtMs = -Infinity;

  /** By our own clock: all that was on the bus then has been read. */
  get caughtUpAtMs(): number {
    return this.#caughtUpAtMs;
  }

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

  /** Undefined for a partition that brought nothing yet. */
  reading(partition: number): Reading | undefined {
    return this.#readings.get(partition);
  }

  forget(partition: number): void {
    this.#readings.delete(partition);
  }

  partitions(): Iterable<number> {
    return this.#readings.keys();
  }
}
