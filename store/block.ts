import type { StoredRecord } from '../core/log.js';
import type { TopicTable } from './topic-tables.js';

/** Offsets of one partition in a block, both included. */
export type OffsetRange = readonly [partition: number, first: number, last: number];

/** What one insert writes: the rows of whole records, and where these lie on the bus. */
export interface Block {
  readonly ranges: readonly OffsetRange[];
  readonly lines: readonly string[];
}

/** A record that no rows could be made of. */
export interface Skipped {
  readonly record: StoredRecord;
  readonly error: unknown;
}

/** A block while records are added to it. */
export class BlockBuilder {
  readonly #ranges = new Map<number, { first: number; last: number }>();
  readonly #lines: string[] = [];
  readonly skipped: Skipped[] = [];
  bytes = 0;

  constructor(private readonly table: TopicTable) {}

  get rows(): number {
    return this.#lines.length;
  }

  /** Records of a partition come in the order of their offsets. */
  add(record: StoredRecord): void {
    const range = this.#ranges.get(record.partition);
    if (range === undefined) this.#ranges.set(record.partition, { first: record.offset, last: record.offset });
    else range.last = record.offset;
    this.bytes += record.value.byteLength;
    try {
      this.#lines.push(...this.table.toLines(record));
    } catch (error) {
      // Rows are a function of the record alone, so another try would end the same way.
      this.skipped.push({ record, error });
    }
  }

  build(): Block {
    const ranges = [...this.#ranges].map(([partition, { first, last }]): OffsetRange => [partition, first, last]);
    return { ranges: ranges.sort(([a], [b]) => a - b), lines: this.#lines };
  }
}

/** The same ranges of the same topic always have the same token, and no other has it. */
export function blockToken(topic: string, ranges: readonly OffsetRange[]): string {
  return `${topic}:${ranges.map(([partition, first, last]) => `${partition}:${first}-${last}`).join(',')}`;
}
