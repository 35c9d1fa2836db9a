import { expect, it } from 'vitest';
import type { LogReader, StoredRecord } from '../core/log.js';
import { silentLogger } from '../core/logger.js';
import { DecidedIndex } from './decided-index.js';
import { Holdings } from './holdings.js';
import { followDecisions, takeUpDecisions } from './index-follower.js';
import { World } from './world.test-support.js';

const never = new AbortController().signal;
const END = 1_000;

/** Partition 3 of the decisions topic, all of it one decision a record; a group has committed all but the last few. */
function topicReader(turns: ReadonlyMap<number, number>): LogReader {
  let next = END - 5;
  const recordAt = (offset: number): StoredRecord => {
    const traceId = String(offset).padStart(32, '0');
    const decision = {
      tenant: 't',
      traceId,
      version: 1,
      spanCount: 1,
      logCount: 0,
      spanXor: '0',
      firstSeenMs: 1,
      decidedAtMs: 1,
    };
    const value = Buffer.from(JSON.stringify(decision));
    return { topic: 'decisions', key: traceId, value, headers: {}, partition: 3, offset, acceptedAtMs: 1 };
  };
  return {
    poll: async ({ maxRecords }) => {
      const from = next;
      next = Math.min(END, next + maxRecords);
      return Array.from({ length: next - from }, (_, at) => recordAt(from + at));
    },
    commit: async () => undefined,
    committed: async () => new Map([[3, END - 5]]),
    assigned: () => turns,
    seek: (_partition, offset) => {
      next = offset;
    },
    pause: () => undefined,
    resume: () => undefined,
    close: async () => undefined,
  };
}

it('learns nothing of a partition that was not taken up, or what lies before would never be learnt', async () => {
  const turns = new Map([[3, 1]]);
  const [index, holdings, reader] = [new DecidedIndex(new World()), new Holdings(), topicReader(turns)];
  const log = { endOffsets: async () => new Map([[3, END]]) };
  const deps = { log, reader, index, holdings, logger: silentLogger };
  // The partition has come, and nobody has looked yet.
  await followDecisions(deps, never);
  expect(index.learntUpTo(3)).toBeUndefined();
  const { come } = holdings.update(turns);
  await takeUpDecisions(come, deps);
  await followDecisions(deps, never);
  expect(index.learntUpTo(3)).toBe(END);
  expect(index.find({ tenant: 't', traceId: '7'.padStart(32, '0') })).toMatchObject({ version: 1 });
});

it('learns all of a partition that comes for the first time, also where it has decided traces of others by then', async () => {
  const turns = new Map([[3, 2]]);
  const [index, holdings, reader] = [new DecidedIndex(new World()), new Holdings(), topicReader(turns)];
  const log = { endOffsets: async () => new Map([[3, END]]) };
  const deps = { log, reader, index, holdings, logger: silentLogger };
  // What it decided itself is known before it is read.
  await takeUpDecisions([5], deps);
  const own = { version: 1, spanCount: 1, logCount: 0, spanXor: '0', firstSeenMs: 1, decidedAtMs: 1 };
  await index.put([[{ tenant: 't', traceId: 'f'.repeat(32) }, own]]);
  // Another sampler had partition 3 until now, and committed as far as it had read.
  const { come } = holdings.update(turns);
  await takeUpDecisions(come, deps);
  await followDecisions(deps, never);
  expect(index.find({ tenant: 't', traceId: '7'.padStart(32, '0') })).toMatchObject({ version: 1 });
});

it('goes on from what is committed in an index of a version that did not write down how far it had read', async () => {
  const turns = new Map([[3, 1]]);
  const [index, holdings, reader] = [new DecidedIndex(new World()), new Holdings(), topicReader(turns)];
  const log = { endOffsets: async () => new Map([[3, END]]) };
  const deps = { log, reader, index, holdings, logger: silentLogger };
  const own = { version: 1, spanCount: 1, logCount: 0, spanXor: '0', firstSeenMs: 1, decidedAtMs: 1 };
  await index.put([[{ tenant: 't', traceId: 'f'.repeat(32) }, own]]);
  const { come } = holdings.update(turns);
  await takeUpDecisions(come, deps);
  await followDecisions(deps, never);
  expect(index.find({ tenant: 't', traceId: '7'.padStart(32, '0') })).toBeUndefined();
  expect(index.learntUpTo(3)).toBe(END);
});
