import type { Database } from 'lmdb';
import type { Topic } from '../core/log.js';
import type { Environment } from './environment.js';

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

type KeyPart = string | number;

/** The two tables of the bus. Calls read the newest commit, or inside a write transaction what it wrote. */
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
  putBlock(key: BlockKey, bytes: Buffer): void;
  removeBlock(key: BlockKey): void;
  /** Bytes of disk that blocks take. */
  sizeBytes(): number;
  /** Offset that the group committed; undefined when the topic does not know the group. */
  committed(topic: Topic, group: string): number | undefined;
  putCommitted(topic: Topic, group: string, offset: number): void;
  /** Lowest committed offset of all groups of the topic; Infinity when it has none. */
  lowestCommitted(topic: Topic): number;
}

/** Opens the tables; they are made when the file is new. */
export function openTables(environment: Environment): Tables {
  const { root } = environment;
  const blocks = root.openDB<Buffer, KeyPart[]>('blocks', { encoding: 'binary' });
  const groups = root.openDB<Buffer, KeyPart[]>('groups', { encoding: 'binary' });
  return {
    refresh: () => {
      root.resetReadTxn();
    },
    ...blockReads(blocks),
    read: (key) => blocks.getBinary(key),
    putBlock: (key, bytes) => {
      blocks.putSync(key, bytes);
    },
    removeBlock: (key) => {
      blocks.removeSync(key);
    },
    sizeBytes: () => pagesOf(blocks),
    committed: (topic, group) => toOffset(groups.getBinary([topic, group, PARTITION])),
    putCommitted: (topic, group, offset) => {
      groups.putSync([topic, group, PARTITION], fromOffset(offset));
    },
    lowestCommitted(topic) {
      let lowest = Infinity;
      for (const { value } of groups.getRange({ start: [topic], end: [after(topic)] })) {
        lowest = Math.min(lowest, toOffset(value) ?? 0);
      }
      return lowest;
    },
  };
}

function blockReads(
  blocks: Database<Buffer, KeyPart[]>,
): Pick<Tables, 'blockAt' | 'blockFrom' | 'newestBlock' | 'oldestBlocks'> {
  function first(range: { start: KeyPart[]; end: KeyPart[]; reverse?: boolean }): BlockMeta | undefined {
    for (const key of blocks.getKeys({ ...range, limit: 1 })) return toMeta(key as BlockKey);
    return undefined;
  }
  const topicEnd: (topic: Topic) => KeyPart[] = (topic) => [topic, PARTITION + 1];
  const blockFrom: Tables['blockFrom'] = (topic, offset) =>
    first({ start: [topic, PARTITION, offset], end: topicEnd(topic) });
  return {
    blockFrom,
    blockAt(topic, offset) {
      const before = first({ start: [topic, PARTITION, offset + 1], end: [topic, PARTITION], reverse: true });
      return before !== undefined && before.endOffset > offset ? before : blockFrom(topic, offset);
    },
    newestBlock: (topic) => first({ start: topicEnd(topic), end: [topic, PARTITION], reverse: true }),
    oldestBlocks: (topic, limit) =>
      Array.from(blocks.getKeys({ start: [topic, PARTITION], end: topicEnd(topic), limit }), (key) =>
        toMeta(key as BlockKey),
      ),
  };
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

function pagesOf(blocks: Database<Buffer, KeyPart[]>): number {
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
