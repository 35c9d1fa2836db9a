import { beforeEach, expect, it, vi } from 'vitest';
import type { Clock } from '../../core/clock.js';
import { silentLogger } from '../../core/logger.js';
import { busConfig } from '../config.js';
import type { KafkaOffsets } from './offsets.js';
import { KafkaReader, type Feed } from './reader.js';

const AT_ONCE = { maxRecords: 10, maxBytes: 1_000, waitMs: 0 };
const never = new AbortController().signal;

let nowMs: number;
/** One past the newest record of the only partition. */
let high: number;
let committed: number;
let restart: ReturnType<typeof vi.fn<Feed['restart']>>;
let reader: KafkaReader;
// A sleep takes no time at all but its own.
const clock: Clock = {
  nowMs: () => nowMs,
  async sleep(ms) {
    nowMs += ms;
    await new Promise((done) => setImmediate(done));
  },
};

beforeEach(() => {
  nowMs = 0;
  high = 5;
  committed = 3;
  restart = vi.fn<Feed['restart']>();
  const offsets = {
    bounds: async () => new Map([[0, { low: 0, high }]]),
    committed: async () => new Map([[0, committed]]),
  } as unknown as KafkaOffsets;
  const feed: Feed = {
    seek: () => undefined,
    setPaused: () => undefined,
    commit: async () => undefined,
    restart,
    close: async () => undefined,
  };
  const config = busConfig.parse({ kafka: { brokers: ['kafka:9092'] } }).kafka!;
  reader = new KafkaReader(
    { topic: 'spans', group: 'g', config },
    { clock, logger: silentLogger, offsets: () => offsets, feed },
  );
  reader.assign(new Map([[0, 1]]));
});

async function pollFor(ms: number): Promise<void> {
  const stop = new AbortController();
  const polled = reader.poll(AT_ONCE, stop.signal);
  const untilMs = nowMs + ms;
  await vi.waitUntil(() => nowMs > untilMs);
  stop.abort();
  await polled;
}

it('has its consumer replaced once for what it cannot read, and once more when there is more', async () => {
  await pollFor(300_000);
  expect(restart).toHaveBeenCalledOnce();
  high = 6;
  await pollFor(300_000);
  expect(restart).toHaveBeenCalledTimes(2);
});

it('has read all when what is left holds nothing for a reader, such as the mark that ends a transaction', async () => {
  reader.pass(0, { first: 3, next: 4 });
  reader.pass(0, { first: 4, next: 5 });
  expect(await reader.poll(AT_ONCE, never)).toEqual([]);
  expect(restart).not.toHaveBeenCalled();
});

it('has not read all when something to read lies before or behind that', async () => {
  reader.pass(0, { first: 4, next: 5 });
  await pollFor(300_000);
  expect(restart).toHaveBeenCalledOnce();
  committed = 4;
  high = 7;
  await pollFor(300_000);
  expect(restart).toHaveBeenCalledTimes(2);
  reader.pass(0, { first: 5, next: 7 });
  expect(await reader.poll(AT_ONCE, never)).toEqual([]);
});
