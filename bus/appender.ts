import type { Clock } from '../core/clock.js';
import { faultPoint } from '../core/fault-points.js';
import type { LogRecord, Topic } from '../core/log.js';
import { createScratch, type Scratch } from '../core/scratch.js';
import { encodeBlock, encodeRecords, type EncodedRecord } from './block.js';
import type { Environment, WriteJob } from './environment.js';
import type { BusInstruments } from './instruments.js';
import { PAGE_BYTES, PARTITION, type Tables } from './tables.js';

/** A reader reads a block as one piece, so this is also the least that a poll holds in memory. */
const BLOCK_BYTES = 256 * 1024;

/** What one flush usually takes. */
const SCRATCH_BYTES = 8 * 2 ** 20;

interface PreparedBlock {
  readonly topic: Topic;
  readonly count: number;
  readonly bytes: Buffer;
}

export interface AppenderDeps {
  readonly environment: Environment;
  readonly tables: Tables;
  readonly clock: Clock;
  readonly instruments: BusInstruments;
  /** Told after the flush which topics grew. */
  readonly onAppended: (topics: readonly Topic[]) => void;
}

/** Appends records; those that are handed over during a flush share the next one. */
export interface Appender {
  append(records: readonly LogRecord[]): Promise<void>;
}

/** Hot path: runs per record. Its cost is measured by bench/bus.ts. */
export function createAppender(deps: AppenderDeps): Appender {
  const { environment, instruments } = deps;
  let pending = new Map<Topic, EncodedRecord[]>();
  let flushing: Promise<void> | undefined;
  // Free again once the transaction is over, which has its own copy by then.
  const scratch = createScratch(SCRATCH_BYTES);

  function groupJob(): WriteJob<void> {
    let blocks: readonly PreparedBlock[] = [];
    return {
      prepare() {
        const taken = pending;
        pending = new Map();
        flushing = undefined;
        scratch.reset();
        blocks = prepareBlocks(taken, scratch);
      },
      bytes: () => blocks.reduce((sum, { bytes }) => sum + 2 * PAGE_BYTES + bytes.length, 0),
      apply() {
        for (const block of blocks) putBlock(block, deps);
        faultPoint('bus-append-before-flush');
      },
      flushed() {
        faultPoint('bus-append-after-flush');
        for (const { topic, count, bytes } of blocks) {
          instruments.appendedRecords.add(count, { topic });
          instruments.appendedBytes.add(bytes.length, { topic });
        }
        deps.onAppended([...new Set(blocks.map(({ topic }) => topic))]);
      },
    };
  }

  return {
    async append(records) {
      // All of them before any is queued, so that one that cannot be encoded leaves nothing behind.
      const encoded = encodeRecords(records);
      records.forEach(({ topic }, index) => {
        let group = pending.get(topic);
        if (group === undefined) pending.set(topic, (group = []));
        group.push(encoded[index]!);
      });
      flushing ??= environment.write(groupJob());
      return flushing;
    },
  };
}

function prepareBlocks(
  byTopic: ReadonlyMap<Topic, readonly EncodedRecord[]>,
  scratch: Scratch,
): readonly PreparedBlock[] {
  const blocks: PreparedBlock[] = [];
  for (const [topic, records] of byTopic) {
    for (const slice of cut(records)) {
      blocks.push({ topic, count: slice.length, bytes: encodeBlock(slice, (bytes) => scratch.take(bytes)) });
    }
  }
  return blocks;
}

function* cut(records: readonly EncodedRecord[]): Generator<readonly EncodedRecord[]> {
  let from = 0;
  let bytes = 0;
  for (let index = 0; index < records.length; index += 1) {
    const length = records[index]!.bytes;
    if (index > from && bytes + length > BLOCK_BYTES) {
      yield records.slice(from, index);
      from = index;
      bytes = 0;
    }
    bytes += length;
  }
  if (from < records.length) yield records.slice(from);
}

function putBlock(block: PreparedBlock, deps: AppenderDeps): void {
  const newest = deps.tables.newestBlock(block.topic);
  const acceptedAtMs = Math.max(deps.clock.nowMs(), newest?.acceptedAtMs ?? 0);
  const { topic, count, bytes } = block;
  deps.tables.putBlock([topic, PARTITION, newest?.endOffset ?? 0, count, bytes.length, acceptedAtMs], bytes);
}
