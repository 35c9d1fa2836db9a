import type { EachBatchPayload } from 'kafkajs';
import { beforeEach, expect, it, vi } from 'vitest';
import type { Clock } from '../../core/clock.js';
import { PipelineError } from '../../core/errors.js';
import { silentLogger } from '../../core/logger.js';
import { busConfig } from '../config.js';
import type { KafkaOffsets } from './offsets.js';
import type { LostBatches } from './lost-batches.js';
import { KafkaReader, type Feed } from './reader.js';

const AT_ONCE = { maxRecords: 10, maxBytes: 1_000, waitMs: 0 };
const never = new AbortController().signal;

let nowMs: number;
let onTick: () => void = () => undefined;
/** One past the newest record of the only partition. */
let high: number;
let committed: number;
let isAway: boolean;
let restart: ReturnType<typeof vi.fn<Feed['restart']>>;
let reader: KafkaReader;
let giveUp: ReturnType<typeof vi.fn<Feed['giveUp']>>;
let note: ReturnType<typeof vi.fn<LostBatches['note']>>;
let seek: ReturnType<typeof vi.fn<Feed['seek']>>;
// A sleep takes no time at all but its own.
const clock: Clock = {
  nowMs: () => nowMs,
  async sleep(ms) {
    nowMs += ms;
    onTick();
    await new Promise((done) => setImmediate(done));
  },
};

beforeEach(() => {
  nowMs = 0;
  high = 5;
  isAway = false;
  committed = 3;
  restart = vi.fn<Feed['restart']>();
  seek = vi.fn<Feed['seek']>();
  giveUp = vi.fn<Feed['giveUp']>();
  note = vi.fn<LostBatches['note']>(async () => true);
  const offsets = {
    async bounds() {
      if (isAway) throw new PipelineError('BUS_UNAVAILABLE', 'away');
      return new Map([[0, { low: 0, high }]]);
    },
    committed: async () => new Map([[0, committed]]),
  } as unknown as KafkaOffsets;
  const feed: Feed = {
    seek,
    setPaused: () => undefined,
    commit: async () => undefined,
    restart,
    giveUp,
    close: async () => undefined,
  };
  const config = busConfig.parse({ kafka: { brokers: ['kafka:9092'] } }).kafka!;
  reader = new KafkaReader(
    { topic: 'spans', group: 'g', config },
    { clock, logger: silentLogger, offsets: () => offsets, lost: { note }, feed },
  );
  reader.assign(new Map([[0, 1]]));
});

/** Offset 3 is a message, 4 to 5 are a batch that cannot be read, 6 is a message. */
function fetched(): EachBatchPayload {
  const message = { key: null, timestamp: '0', attributes: 0 };
  const messages = [
    { ...message, offset: '3', value: Buffer.from('before') },
    { ...message, offset: '5', value: null, unreadable: { firstOffset: 4, endOffset: 6 } },
    { ...message, offset: '6', value: Buffer.from('behind') },
  ];
  return { batch: { partition: 0, messages, lastOffset: () => '6' } } as unknown as EachBatchPayload;
}

async function pollFor(ms: number): Promise<void> {
  const stop = new AbortController();
  const untilMs = nowMs + ms;
  onTick = () => {
    if (nowMs > untilMs) stop.abort();
  };
  await reader.poll(AT_ONCE, stop.signal);
}

it('has its consumer replaced once for what it cannot read, and once more when there is more', async () => {
  await pollFor(300_000);
  expect(restart).toHaveBeenCalledOnce();
  high = 6;
  await pollFor(300_000);
  expect(restart).toHaveBeenCalledTimes(2);
});

it('is given up when a new consumer did not help for long, and not while nobody can say what lies there', async () => {
  await pollFor(200_000);
  expect(restart).toHaveBeenCalledOnce();
  isAway = true;
  await pollFor(600_000);
  isAway = false;
  await pollFor(200_000);
  expect(giveUp).not.toHaveBeenCalled();
  await pollFor(200_000);
  expect(giveUp).toHaveBeenCalledExactlyOnceWith(
    'it brought nothing of spans for 300 s, though there is something to read (0: 3 of 5)',
  );
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

it('gives what lies around a batch that cannot be read once that is noted', async () => {
  reader.take(fetched());
  const records = await reader.poll(AT_ONCE, never);
  expect(records.map(({ offset }) => offset)).toEqual([3, 6]);
  expect(note).toHaveBeenCalledExactlyOnceWith(
    { topic: 'spans', partition: 0, group: 'g' },
    { firstOffset: 4, endOffset: 6 },
    expect.anything(),
  );
});

it('gives nothing of it, and reads from there again, when it was told to stop before that was noted', async () => {
  reader.take(fetched());
  const stop = new AbortController();
  note.mockImplementation(async () => {
    stop.abort();
    return false;
  });
  expect(await reader.poll(AT_ONCE, stop.signal)).toEqual([]);
  expect(seek).toHaveBeenLastCalledWith(0, 3);
});
