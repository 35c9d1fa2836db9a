import type { Database } from 'lmdb';
import type { Topic } from '../core/log.js';
import { fileBytes, type Environment } from './environment.js';

/** The embedded bus has one partition a topic. */
export const PARTITION = 0;

/**
 * Key of a block. All that an append, a lag or a sweep asks of a block stands in its key, so that they read no block.
 * `bytes` is the length of the block, `acceptedAtMs` the bus time of all its records.
 */
export type BlockKey = [
  topic: string,
  partition: number,
  firstOffset: number,
  count: number,
  bytes: number,
  acceptedAtMs: number,
];

/** A block as its key describes it. */
export interface BlockMeta {
  readonly key: BlockKey;
  readonly firstOffset: number;
  /** One past its last record. */
  readonly endOffset: number;
  readonly bytes: number;
  readonly acceptedAtMs: number;
}

/** Offsets of records that follow each other, and that were erased or are spoilt. */
export interface Gap {
  readonly firstOffset: number;
  /** One past the last. */
  readonly endOffset: number;
}

type KeyPart = string | number;
type Table = Database<Buffer, KeyPart[]>;

/** The tables of the bus. Calls read the newest commit, or inside a write transaction what it wrote. */
export interface Tables {
  /** Forgets the snapshot that earlier reads of this event-loop turn used. */
  refresh(): void;
  /** The block that holds this offset, else the first one after it. */
  blockAt(topic: Topic, offset: number): BlockMeta | undefined;
  /** The first block that begins at or after this offset. */
  blockFrom(topic: Topic, offset: number): BlockMeta | undefined;
  newestBlock(topic: Topic): BlockMeta | undefined;
  /** Oldest first. */
  oldestBlocks(topic: Topic, limit: number): readonly BlockMeta[];
  /** A copy of the block's bytes; undefined when it was removed meanwhile. */
  read(key: BlockKey): Buffer | undefined;
  /** Blocks from the one that holds this offset on, oldest first. */
  blocksFrom(topic: Topic, offset: number, limit: number): readonly BlockMeta[];
  putBlock(key: BlockKey, bytes: Buffer): void;
  removeBlock(meta: BlockMeta): void;
  /** Puts the same records in place of the block, but for what was erased from it: runs of offsets, in order. */
  replaceBlock(meta: BlockMeta, bytes: Buffer, gaps: readonly Gap[]): void;
  /** Writes the small blocks next to this one anew, as they are: their pages lose what lies unused in them. */
  renewAround(meta: BlockMeta): void;
  /** These offsets will never be read. */
  putGap(topic: Topic, gap: Gap): void;
  /** The first offset from this one on that is in no gap. */
  skipGaps(topic: Topic, offset: number): number;
  /** Offsets from this one on that are in gaps. */
  erasedFrom(topic: Topic, offset: number): number;
  /** Grows with every block that is replaced: what was read before may hold erased records. */
  replacements(): number;
  /** Bytes of disk that blocks take. */
  sizeBytes(): number;
  /** Bytes of the file that nothing takes: the file never shrinks, what is appended uses these first. */
  reusableBytes(): number;
  /** Offset that the group committed; undefined when the topic does not know the group. */
  committed(topic: Topic, group: string): number | undefined;
  putCommitted(topic: Topic, group: string, offset: number): void;
  /** The topic no longer knows the group. */
  removeGroup(topic: Topic, group: string): void;
  /** Committed offset of each group of the topic. */
  groupsOf(topic: Topic): readonly (readonly [group: string, offset: number])[];
}

/** A smaller block shares its page with others: with about so many at most. */
export const PAGE_BYTES = 4_096;
const BLOCKS_A_PAGE = 64;

/** Opens the tables; they are made when the file is new. */
export function openTables(environment: Environment): Tables {
  const { root } = environment;
  const blocks = root.openDB<Buffer, KeyPart[]>('blocks', { encoding: 'binary' });
  const groups = root.openDB<Buffer, KeyPart[]>('groups', { encoding: 'binary' });
  const gaps = root.openDB<Buffer, KeyPart[]>('gaps', { encoding: 'binary' });
  return {
    refresh: () => {
      root.resetReadTxn();
    },
    ...blockReads(blocks),
    read: (key) => blocks.getBinary(key),
    putBlock: (key, bytes) => {
      blocks.putSync(key, bytes);
    },
    removeBlock: (meta) => {
      blocks.removeSync(meta.key);
      removeGaps(gaps, meta);
    },
    replaceBlock(meta, bytes, erased) {
      const [topic, partition, firstOffset, count, , acceptedAtMs] = meta.key;
      // In place, so that the page's unused part does not keep what the removal leaves there.
      if (meta.bytes < PAGE_BYTES) blocks.putSync(meta.key, Buffer.alloc(meta.bytes));
      blocks.removeSync(meta.key);
      blocks.putSync([topic, partition, firstOffset, count, bytes.length, acceptedAtMs], bytes);
      removeGaps(gaps, meta);
      for (const gap of erased) gaps.putSync([topic, partition, gap.firstOffset], fromOffset(gap.endOffset));
      gaps.putSync(REPLACEMENTS, fromOffset((toOffset(gaps.getBinary(REPLACEMENTS)) ?? 0) + 1));
    },
    renewAround({ key: [topic, partition, firstOffset] }) {
      const at = [topic, partition, firstOffset];
      const ranges = [{ start: at, reverse: true }, { start: at }];
      const keys = ranges.flatMap((range) => [...blocks.getKeys({ ...range, limit: BLOCKS_A_PAGE })]) as BlockKey[];
      for (const key of keys) if (key[4] < PAGE_BYTES) blocks.putSync(key, Buffer.from(blocks.getBinary(key)!));
    },
    putGap(topic, { firstOffset, endOffset }) {
      const key: BlockKey = [topic, PARTITION, firstOffset, 0, 0, 0];
      removeGaps(gaps, { key, firstOffset, endOffset });
      gaps.putSync([topic, PARTITION, firstOffset], fromOffset(endOffset));
    },
    replacements: () => toOffset(gaps.getBinary(REPLACEMENTS)) ?? 0,
    ...gapReads(gaps),
    sizeBytes: () => pagesOf(blocks),
    reusableBytes: () => Math.max(0, fileBytes(root) - pagesOf(blocks)),
    ...groupOffsets(groups),
  };
}

/** A group that has come to a gap moves on behind it: nobody could commit what nobody will be given. */
export function moveGroupsOn(topic: Topic, tables: Tables): void {
  for (const [group, committed] of tables.groupsOf(topic)) {
    const next = tables.skipGaps(topic, committed);
    if (next > committed) tables.putCommitted(topic, group, next);
  }
}

function groupOffsets(groups: Table): Pick<Tables, 'committed' | 'putCommitted' | 'removeGroup' | 'groupsOf'> {
  return {
    committed: (topic, group) => toOffset(groups.getBinary([topic, group, PARTITION])),
    putCommitted: (topic, group, offset) => {
      groups.putSync([topic, group, PARTITION], fromOffset(offset));
    },
    removeGroup: (topic, group) => {
      groups.removeSync([topic, group, PARTITION]);
    },
    groupsOf: (topic) =>
      Array.from(
        groups.getRange({ start: [topic], end: [after(topic)] }),
        ({ key, value }) => [String(key[1]), toOffset(value) ?? 0] as const,
      ),
  };
}

function blockReads(
  blocks: Table,
): Pick<Tables, 'blockAt' | 'blockFrom' | 'newestBlock' | 'oldestBlocks' | 'blocksFrom'> {
  function first(range: { start: KeyPart[]; end: KeyPart[]; reverse?: boolean }): BlockMeta | undefined {
    for (const key of blocks.getKeys({ ...range, limit: 1 })) return toMeta(key as BlockKey);
    return undefined;
  }
  function list(topic: Topic, start: KeyPart[], limit: number): readonly BlockMeta[] {
    return Array.from(blocks.getKeys({ start, end: topicEnd(topic), limit }), (key) => toMeta(key as BlockKey));
  }
  const blockFrom: Tables['blockFrom'] = (topic, offset) =>
    first({ start: [topic, PARTITION, offset], end: topicEnd(topic) });
  const blockAt: Tables['blockAt'] = (topic, offset) => {
    const before = first({ start: [topic, PARTITION, offset + 1], end: [topic, PARTITION], reverse: true });
    return before !== undefined && before.endOffset > offset ? before : blockFrom(topic, offset);
  };
  return {
    blockFrom,
    blockAt,
    blocksFrom: (topic, offset, limit) =>
      list(topic, [topic, PARTITION, blockAt(topic, offset)?.firstOffset ?? offset], limit),
    newestBlock: (topic) => first({ start: topicEnd(topic), end: [topic, PARTITION], reverse: true }),
    oldestBlocks: (topic, limit) => list(topic, [topic, PARTITION], limit),
  };
}

/** Sorts before every topic's gaps. */
const REPLACEMENTS: KeyPart[] = [''];

function gapReads(gaps: Table): Pick<Tables, 'skipGaps' | 'erasedFrom'> {
  /** The end of the gap that holds this offset; the offset itself when it was not erased. */
  function endOfGap(topic: Topic, offset: number): number {
    const range = { start: [topic, PARTITION, offset], end: [topic, PARTITION], reverse: true, limit: 1 };
    for (const { value } of gaps.getRange(range)) return Math.max(offset, toOffset(value) ?? 0);
    return offset;
  }
  return {
    skipGaps(topic, offset) {
      let at = offset;
      for (let end = endOfGap(topic, at); end > at; end = endOfGap(topic, at)) at = end;
      return at;
    },
    erasedFrom(topic, offset) {
      const from = endOfGap(topic, offset);
      let count = from - offset;
      for (const { key, value } of gaps.getRange({ start: [topic, PARTITION, from], end: topicEnd(topic) })) {
        count += (toOffset(value) ?? 0) - Number(key[2]);
      }
      return count;
    },
  };
}

type GapPlace = Pick<BlockMeta, 'key' | 'firstOffset' | 'endOffset'>;

function removeGaps(gaps: Table, { key: [topic, partition], firstOffset, endOffset }: GapPlace): void {
  const range = { start: [topic, partition, firstOffset], end: [topic, partition, endOffset] };
  for (const key of [...gaps.getKeys(range)]) gaps.removeSync(key);
}

function topicEnd(topic: Topic): KeyPart[] {
  return [topic, PARTITION + 1];
}

function toMeta(key: BlockKey): BlockMeta {
  const [, , firstOffset, count, bytes, acceptedAtMs] = key;
  return { key, firstOffset, endOffset: firstOffset + count, bytes, acceptedAtMs };
}

interface PageStats {
  readonly pageSize: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

function pagesOf(blocks: Table): number {
  const stats = blocks.getStats() as PageStats;
  return stats.pageSize * (stats.treeBranchPageCount + stats.treeLeafPageCount + stats.overflowPages);
}

/** The string that sorts right after all keys that begin with this topic. */
function after(topic: string): string {
  return `${topic}\u0001`;
}

function fromOffset(offset: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(offset);
  return bytes;
}

function toOffset(bytes: Buffer | undefined): number | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).readDoubleLE();
}
