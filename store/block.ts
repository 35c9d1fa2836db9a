import type { StoredRecord } from '../core/log.js';
import type { BlockFiles } from './block-files.js';
import type { StoreConnection } from './connection.js';

/** Offsets of one partition in a block, both included. */
export type OffsetRange = readonly [partition: number, first: number, last: number];

/** A record that no rows could be made of. */
export interface Skipped {
  readonly record: StoredRecord;
  readonly error: unknown;
}

/** What a block is written through. */
export interface BlockDeps {
  readonly connection: StoreConnection;
  readonly files: BlockFiles;
}

/** Rows of whole records that are written together, while records are added to it and then inserted. */
export interface Block {
  readonly place: BlockPlace;
  readonly rows: number;
  /** Whether its rows fill an insert. A record that is added all the same is kept, but its rows are not made yet. */
  readonly isFull: boolean;
  /** Whether all its rows are made: another block may then be filled while this one is inserted. */
  readonly isWhole: boolean;
  readonly skipped: readonly Skipped[];
  /** Records of a partition come in the order of their offsets. */
  add(record: StoredRecord): Promise<void>;
  /** Takes no more records. */
  finish(): Promise<void>;
  /**
   * Writes it, in as many inserts as it takes; the cuts between them are the same when it is written again, since they are
   * part of what the deduplication tokens stand for.
   * @returns its rows
   */
  insert(token: string, signal: AbortSignal): Promise<number>;
  /** Frees what it holds. Safe twice, and after `insert`. */
  discard(): Promise<void>;
}

/** Where the records of a block lie on the bus. */
export class BlockPlace {
  readonly #ranges = new Map<number, { first: number; last: number }>();
  /** Of the records. */
  bytes = 0;

  add({ partition, offset, value }: StoredRecord): void {
    const range = this.#ranges.get(partition);
    if (range === undefined) this.#ranges.set(partition, { first: offset, last: offset });
    else range.last = offset;
    this.bytes += value.byteLength;
  }

  ranges(): readonly OffsetRange[] {
    const ranges = [...this.#ranges].map(([partition, { first, last }]): OffsetRange => [partition, first, last]);
    return ranges.sort(([a], [b]) => a - b);
  }
}

/** The same ranges under the same name always have the same token, and no other has it. */
export function blockToken(name: string, ranges: readonly OffsetRange[]): string {
  return `${name}:${ranges.map(([partition, first, last]) => `${partition}:${first}-${last}`).join(',')}`;
}

/** Token of an insert of a block; the first has the block's own. */
export function pieceToken(token: string, index: number): string {
  return index === 0 ? token : `${token}#${index}`;
}
