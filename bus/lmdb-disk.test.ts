import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock, type Clock } from '../core/clock.js';
import { TOPICS, type Log, type LogReader } from '../core/log.js';
import { silentLogger, type Logger } from '../core/logger.js';
import { noMetrics, type Metrics } from '../core/metrics.js';
import { pollCount, textRecord, texts } from '../test/contracts/log.js';
import { busConfig, createLmdbLog, type BusConfig } from './index.js';

const never = new AbortController().signal;
const HOUR_MS = 3_600_000;

/** Time that a test moves; sleeps end when it has passed. */
function manualClock(): Clock & { advance(ms: number): void } {
  let now = 1_700_000_000_000;
  const sleepers = new Set<() => void>();
  return {
    nowMs: () => now,
    async sleep(ms, signal) {
      const untilMs = now + ms;
      await new Promise<void>((resolve) => {
        const look = (): void => {
          if (signal?.aborted !== true && now < untilMs) return;
          sleepers.delete(look);
          resolve();
        };
        sleepers.add(look);
        signal?.addEventListener('abort', look);
        look();
      });
    },
    advance(ms) {
      now += ms;
      for (const look of [...sleepers]) look();
    },
  };
}

/** Metrics whose counters a test can read, by name, over all labels. */
function countingMetrics(): Metrics & { readonly counts: Map<string, number> } {
  const counts = new Map<string, number>();
  const counter: Metrics['counter'] = (name) => ({
    add: (amount) => counts.set(name, (counts.get(name) ?? 0) + amount),
  });
  return { ...noMetrics, counter, counts };
}

describe('the lmdb log on its disk', () => {
  let directory: string;
  let metrics: ReturnType<typeof countingMetrics>;
  const opened: Log[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'assay-bus-'));
    metrics = countingMetrics();
  });
  afterEach(async () => {
    for (const log of opened.splice(0)) await log.stop(never);
    await rm(directory, { recursive: true });
  });

  async function openLog(
    config: Partial<BusConfig> = {},
    { clock = systemClock, logger = silentLogger }: { clock?: Clock; logger?: Logger } = {},
  ): Promise<Log> {
    const log = createLmdbLog({ directory, ...busConfig.parse({}), ...config }, { clock, logger, metrics });
    opened.push(log);
    await log.start(never);
    return log;
  }

  function removed(): number {
    return metrics.counts.get('assay_bus_removed_records_total') ?? 0;
  }

  async function firstText(reader: LogReader): Promise<string> {
    reader.seek(0, 0);
    return texts(await pollCount(reader, 1))[0]!;
  }

  it('removes by age what every group has committed, and keeps the offsets going', async () => {
    const clock = manualClock();
    const log = await openLog({}, { clock });
    const reader = log.reader('spans', 'g');
    for (const text of ['1', '2', '3']) await log.append([textRecord('spans', 'k', text)]);
    await reader.commit(0, 3);
    clock.advance(25 * HOUR_MS);
    await vi.waitUntil(() => removed() === 2);
    expect(await firstText(reader)).toBe('3');
    await log.append([textRecord('spans', 'k', '4')]);
    expect((await log.endOffsets('spans')).get(0)).toBe(4);
    expect(await log.lag('spans', 'late')).toBe(2);
  });

  it('keeps what a group that has joined the topic has not committed, however old', async () => {
    const clock = manualClock();
    const log = await openLog({}, { clock });
    const slow = log.reader('spans', 'slow');
    const fast = log.reader('spans', 'fast');
    for (const text of ['1', '2', '3', '4']) await log.append([textRecord('spans', 'k', text)]);
    await fast.commit(0, 4);
    await slow.commit(0, 2);
    await slow.close();
    clock.advance(25 * HOUR_MS);
    await vi.waitUntil(() => removed() > 0);
    expect(removed()).toBe(2);
    expect(await firstText(fast)).toBe('3');
  });

  it('knows after a restart which groups a topic has, also one that never committed', async () => {
    const first = await openLog();
    const joined = first.reader('spans', 'joined');
    await joined.poll({ maxRecords: 1, maxBytes: 1, waitMs: 0 }, never);
    await first.append(['1', '2'].map((text) => textRecord('spans', 'k', text)));
    await first.stop(never);
    const clock = manualClock();
    clock.advance(Date.now() + 25 * HOUR_MS - clock.nowMs());
    const log = await openLog({}, { clock });
    await log.reader('decisions', 'g').commit(0, 2);
    for (const text of ['d1', 'd2', 'd3'])
      await log.append([textRecord('decisions', 'k', text), textRecord('spans', 'k', text)]);
    clock.advance(25 * HOUR_MS);
    await vi.waitUntil(() => removed() > 0);
    expect(removed()).toBe(2);
    expect(texts(await pollCount(log.reader('spans', 'joined'), 5))).toEqual(['1', '2', 'd1', 'd2', 'd3']);
  });

  it('removes the oldest of all topics until their size fits', async () => {
    const clock = manualClock();
    const retention = { ...busConfig.parse({}).retention, maxBytes: 1_100_000 };
    const log = await openLog({ retention }, { clock });
    const readers = (['spans', 'spend'] as const).map((topic) => log.reader(topic, 'done'));
    const big = 'x'.repeat(100_000);
    for (let index = 0; index < 20; index += 1) {
      await log.append([textRecord(index % 2 === 0 ? 'spans' : 'spend', 'k', `${index} ${big}`)]);
      clock.advance(1);
    }
    for (const reader of readers) await reader.commit(0, 10);
    clock.advance(retention.sweepIntervalMs);
    await vi.waitUntil(() => removed() === 10);
    expect((await firstText(log.reader('spans', 'g'))).slice(0, 3)).toBe('10 ');
    expect((await firstText(log.reader('spend', 'g'))).slice(0, 3)).toBe('11 ');
  });

  it('refuses records while it is full of uncommitted ones, and takes them once a commit lets it remove', async () => {
    const clock = manualClock();
    const retention = { ...busConfig.parse({}).retention, maxBytes: 2 ** 20 };
    const log = await openLog({ retention, capacityBytes: 2 ** 21 }, { clock });
    const reader = log.reader('spans', 'g');
    await reader.poll({ maxRecords: 1, maxBytes: 1, waitMs: 0 }, never);
    const record = textRecord('spans', 'k', 'x'.repeat(100_000));
    const fill = async (): Promise<void> => {
      for (let index = 0; index < 30; index += 1) await log.append([record]);
    };
    await expect(fill()).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
      message: expect.stringContaining('bus.capacityBytes = 2097152') as string,
    });
    const end = (await log.endOffsets('spans')).get(0)!;
    expect(end).toBe(20);
    clock.advance(retention.sweepIntervalMs);
    await expect(log.append([record])).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    expect(removed()).toBe(0);
    await reader.commit(0, end);
    clock.advance(retention.sweepIntervalMs);
    await vi.waitUntil(() => removed() > 0);
    await log.append([record]);
    expect((await log.endOffsets('spans')).get(0)).toBe(end + 1);
  });

  it('takes what consumers write while it is full, so that they can go on and commit', async () => {
    const log = await openLog({ capacityBytes: 2 ** 20 });
    const span = textRecord('spans', 'k', 'x'.repeat(400_000));
    await log.append([span]);
    await log.append([span]);
    await expect(log.append([span])).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    for (const topic of TOPICS.filter((each) => each !== 'spans' && each !== 'logs')) {
      for (let index = 0; index < 4; index += 1) await log.append([textRecord(topic, 'k', 'y'.repeat(400_000))]);
      expect((await log.endOffsets(topic)).get(0)).toBe(4);
    }
    for (const topic of ['spans', 'logs'] as const)
      await expect(log.append([{ ...span, topic }])).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
  });

  it('takes spans again after a restart at capacity, once they are committed', async () => {
    const settings = {
      capacityBytes: 2 ** 21,
      retention: { ...busConfig.parse({}).retention, maxBytes: 2 ** 20, sweepIntervalMs: 10 },
    };
    const span = textRecord('spans', 'k', 'x'.repeat(100_000));
    const full = await openLog({ ...settings, retention: { ...settings.retention, sweepIntervalMs: HOUR_MS } });
    await full.reader('spans', 'g').poll({ maxRecords: 1, maxBytes: 1, waitMs: 0 }, never);
    const fill = async (): Promise<void> => {
      for (;;) await full.append([span]);
    };
    await expect(fill()).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    await full.stop(never);
    const log = await openLog({ ...settings, capacityBytes: 3 * 2 ** 19 });
    await log.reader('spans', 'g').commit(0, (await log.endOffsets('spans')).get(0)!);
    await vi.waitFor(() => log.append([span]), 5_000);
  });

  it('goes on after records that cannot be encoded', async () => {
    const log = await openLog();
    const unwritable = { ...textRecord('spend', 'k', ''), value: { length: 2 ** 50 } as Uint8Array };
    await expect(log.append([unwritable])).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    await log.append([textRecord('spend', 'k', 'next')]);
    expect(texts(await pollCount(log.reader('spend', 'g'), 1))).toEqual(['next']);
  });

  it('leaves no text of an erased record in its file, and every other record as it was', async () => {
    const log = await openLog();
    const second = await openLog();
    const reader = second.reader('spans', 'g');
    for (let turn = 0; turn < 30; turn += 1) {
      const text = (name: string): string => `${name}-text-${turn} `.repeat(turn % 3 === 0 ? 20_000 : 5);
      await log.append([textRecord('spans', 'gone', text('gone')), textRecord('spans', 'kept', text('kept'))]);
      await log.append([textRecord('judgements', 'gone', text('gone'))]);
      await log.append([textRecord('spend', 'kept', text('kept'))]);
    }
    await pollCount(reader, 7);
    const holds = async (text: string): Promise<boolean> => (await readFile(join(directory, 'log.mdb'))).includes(text);
    expect(await holds('gone-text')).toBe(true);
    const sizeBefore = (await stat(join(directory, 'log.mdb'))).size;
    expect(await log.erase(['gone'])).toBe(60);
    expect(await holds('gone-text')).toBe(false);
    expect((await stat(join(directory, 'log.mdb'))).size).toBeLessThan(sizeBefore + 2 ** 22);
    const kept = await pollCount(log.reader('spans', 'all'), 30);
    expect(kept.map(({ offset }) => offset)).toEqual(Array.from({ length: 30 }, (_, turn) => 2 * turn + 1));
    expect(texts(kept).map((text) => text.slice(0, 12).trim())).toEqual(
      Array.from({ length: 30 }, (_, turn) => `kept-text-${turn}`),
    );
    expect(metrics.counts.get('assay_bus_erased_records_total')).toBe(60);
    expect(metrics.counts.get('assay_bus_corrupt_records_total') ?? 0).toBe(0);
  });

  it('leaves no text in the gaps of pages that small records share', async () => {
    const log = await openLog();
    let seed = 7;
    const random = (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
    let gone = 0;
    for (let turn = 0; turn < 400; turn += 1) {
      const key = random() < 0.2 ? 'gone' : 'kept';
      if (key === 'gone') gone += 1;
      const topic = TOPICS[Math.floor(random() * TOPICS.length)]!;
      await log.append([textRecord(topic, key, `${key}-text `.repeat(1 + Math.floor(random() * random() * 400)))]);
    }
    expect(await log.erase(['gone'])).toBe(gone);
    const file = await readFile(join(directory, 'log.mdb'));
    expect(file.includes('gone-text')).toBe(false);
    expect(file.includes('kept-text')).toBe(true);
  });

  it('forgets the places of erased records with the blocks that retention removes', async () => {
    const clock = manualClock();
    const log = await openLog({}, { clock });
    const reader = log.reader('spans', 'g');
    for (const key of ['a', 'b', 'a', 'b', 'a']) await log.append([textRecord('spans', key, key)]);
    await log.erase(['a']);
    await pollCount(reader, 2);
    await reader.commit(0, 4);
    expect(await log.lag('spans', 'g')).toBe(0);
    clock.advance(25 * HOUR_MS);
    await vi.waitUntil(() => removed() === 4);
    expect(await log.lag('spans', 'late')).toBe(0);
    await log.append([textRecord('spans', 'b', 'new')]);
    expect(await log.lag('spans', 'late')).toBe(1);
    expect(await firstText(log.reader('spans', 'late'))).toBe('new');
  });

  it('may not be set to hold more than is mapped for it', () => {
    expect(busConfig.safeParse({ capacityBytes: 48 * 2 ** 30 }).success).toBe(true);
    expect(busConfig.safeParse({ capacityBytes: 64 * 2 ** 30 }).success).toBe(false);
  });

  it('stamps records with the newest time so far when the clock is set back', async () => {
    const clock = manualClock();
    const log = await openLog({}, { clock });
    await log.append([textRecord('spans', 'k', '1')]);
    clock.advance(-5_000);
    await log.append([textRecord('spans', 'k', '2')]);
    const [first, second] = await pollCount(log.reader('spans', 'g'), 2);
    expect(second!.acceptedAtMs).toBe(first!.acceptedAtMs);
  });

  it('says which directory it could not open', async () => {
    await writeFile(join(directory, 'file'), '');
    const inFile = join(directory, 'file', 'bus');
    const log = createLmdbLog(
      { directory: inFile, ...busConfig.parse({}) },
      { clock: systemClock, logger: silentLogger, metrics },
    );
    await expect(log.start(never)).rejects.toMatchObject({
      code: 'DATA_DIRECTORY_UNUSABLE',
      message: expect.stringContaining(join(inFile, 'log.mdb')) as string,
    });
  });
});
