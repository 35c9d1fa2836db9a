import type { StoredRecord } from '../core/log.js';
import type { TopicTable } from './topic-tables.js';

/** Offsets of one partition in a block, both included. */
export type OffsetRange = readonly [partition: number, first: number, last: number];

/**
 * Bytes of lines in one insert. A constant, since the cuts between the inserts of a block must be the same when it is written
 * again: they are part of what the deduplication tokens stand for.
 */
export const PIECE_BYTES = 16 * 1024 * 1024;

/** Rows of whole records that are written together, and where these lie on the bus. */
export interface Block {
  readonly ranges: readonly OffsetRange[];
  /** Lines of one insert after the other, made while they are asked for. */
  readonly pieces: Iterable<readonly string[]>;
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
  /** What did not fit into the first insert. */
  readonly #rest: Iterable<string>[] = [];
  #lineBytes = 0;
  readonly skipped: Skipped[] = [];
  /** Of the records. */
  bytes = 0;

  constructor(private readonly table: TopicTable) {}

  get rows(): number {
    return this.#lines.length;
  }

  /** Whether its lines fill an insert. A record that is added all the same is kept, but its lines are not made yet. */
  get isFull(): boolean {
    return this.#lineBytes >= PIECE_BYTES;
  }

  /** Records of a partition come in the order of their offsets. */
  add(record: StoredRecord): void {
    const range = this.#ranges.get(record.partition);
    if (range === undefined) this.#ranges.set(record.partition, { first: record.offset, last: record.offset });
    else range.last = record.offset;
    this.bytes += record.value.byteLength;
    try {
      this.#take(this.table.toLines(record)[Symbol.iterator]());
    } catch (error) {
      // Rows are a function of the record alone, so another try would end the same way.
      this.skipped.push({ record, error });
    }
  }

  #take(lines: Iterator<string>): void {
    while (!this.isFull) {
      const next = lines.next();
      if (next.done === true) return;
      this.#lines.push(next.value);
      this.#lineBytes += sizeOf(next.value);
    }
    this.#rest.push({ [Symbol.iterator]: () => lines });
  }

  build(): Block {
    const ranges = [...this.#ranges].map(([partition, { first, last }]): OffsetRange => [partition, first, last]);
    return { ranges: ranges.sort(([a], [b]) => a - b), pieces: toPieces([this.#lines, ...this.#rest]) };
  }
}

/** Cuts lines, in their order, into pieces of `PIECE_BYTES` at most, or of one line that is larger. */
function* toPieces(sources: readonly Iterable<string>[]): Generator<readonly string[], void, undefined> {
  let piece: string[] = [];
  let bytes = 0;
  for (const lines of sources) {
    for (const line of lines) {
      const size = sizeOf(line);
      if (bytes + size > PIECE_BYTES && piece.length > 0) {
        yield piece;
        piece = [];
        bytes = 0;
      }
      piece.push(line);
      bytes += size;
    }
  }
  if (piece.length > 0) yield piece;
}

function sizeOf(line: string): number {
  return Buffer.byteLength(line) + 1;
}

/** The same ranges of the same topic always have the same token, and no other has it. */
export function blockToken(topic: string, ranges: readonly OffsetRange[]): string {
  return `${topic}:${ranges.map(([partition, first, last]) => `${partition}:${first}-${last}`).join(',')}`;
}

/** Token of an insert of a block; the first has the block's own. */
export function pieceToken(token: string, index: number): string {
  return index === 0 ? token : `${token}#${index}`;
}
