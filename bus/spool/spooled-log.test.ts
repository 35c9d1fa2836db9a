import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { PipelineError } from '../../core/errors.js';
import type { LogRecord } from '../../core/log.js';
import { silentLogger } from '../../core/logger.js';
import { noMetrics, type Metrics } from '../../core/metrics.js';
import { decodeSpans } from '../../core/otlp/decode-spans.js';
import { splitByTrace } from '../../core/otlp/split-by-trace.js';
import { encodeRequest } from '../../core/otlp/testing.test-support.js';
import { createLmdbLog } from '../lmdb-log.js';
import { GONE_ONCE_COMMITTED } from '../on-kafka.js';
import { FakeKafka, type Answers } from './fake-kafka.test-support.js';
import { embeddedMetrics } from './instruments.js';
import { SpooledLog } from './spooled-log.js';

const MIB = 2 ** 20;
const never = new AbortController().signal;
const soon = (): AbortSignal => AbortSignal.timeout(20_000);

describe('a log on Kafka with a spool', { timeout: 30_000 }, () => {
  let directory: string;
  let kafka: FakeKafka;
  let logger: ReturnType<typeof listeningLogger>;
  let metrics: ReturnType<typeof readableMetrics>;
  let opened: SpooledLog[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'assay-spool-'));
    kafka = new FakeKafka();
    logger = listeningLogger();
    metrics = readableMetrics();
    opened = [];
  });
  afterEach(async () => {
    for (const log of opened) await log.stop(AbortSignal.abort());
    await rm(directory, { recursive: true });
  });

  function make(options: { maxBytes?: number; afterMs?: number } = {}): SpooledLog {
    const { maxBytes = 64 * MIB, afterMs = 60 } = options;
    const deps = { clock: systemClock, logger, metrics, random: () => 0 };
    const retention = { ...GONE_ONCE_COMMITTED, sweepIntervalMs: 50 };
    const embedded = createLmdbLog(
      { directory, retention, capacityBytes: maxBytes, minFreeBytes: 0, pollIntervalMs: 20 },
      { ...deps, metrics: embeddedMetrics(metrics) },
    );
    const log = new SpooledLog({ directory, maxBytes, minFreeBytes: 0, afterMs }, { ...deps, kafka, embedded });
    opened.push(log);
    return log;
  }

  async function open(options: { maxBytes?: number; afterMs?: number } = {}): Promise<SpooledLog> {
    const log = make(options);
    await log.start(never);
    return log;
  }

  async function backToKafka(log: SpooledLog): Promise<void> {
    kafka.answers = 'here';
    await vi.waitFor(() => {
      expect(log.notice()).toBeUndefined();
    }, 15_000);
  }

  function waiting(log: SpooledLog): number {
    log.refusal();
    return metrics.levels.get('assay_bus_spool_records') ?? 0;
  }

  it('hands on to Kafka while that answers, and leaves the spool alone', async () => {
    const log = await open();
    await log.append([record('1'), record('2')]);
    expect(kafka.taken).toEqual(['1', '2']);
    expect(log.refusal(1)).toBeUndefined();
    expect(waiting(log)).toBe(0);
    expect(metrics.counts.get('assay_bus_spool_appended_records_total')).toBeUndefined();
  });

  it.each<Answers>(['away', 'silent'])(
    'takes records while Kafka is %s, and hands them on in order after',
    async (how) => {
      const log = await open();
      await log.append([record('1')]);
      kafka.answers = how;
      for (const text of ['2', '3', '4']) await log.append([record(text)]);
      expect(log.notice()).toMatch(/kept in the spool, where 3 records wait/);
      expect(waiting(log)).toBe(3);
      expect(logger.warn).toHaveBeenCalledOnce();
      await backToKafka(log);
      await log.append([record('5')]);
      expect(kafka.taken).toEqual(['1', '2', '3', '4', '5']);
      expect(waiting(log)).toBe(0);
      expect(metrics.counts.get('assay_bus_spool_appended_records_total')).toBe(3);
      expect(metrics.counts.get('assay_bus_spool_drained_records_total')).toBe(3);
    },
  );

  it('has many appends under way without a warning of a leak', async () => {
    const warned = vi.fn();
    process.on('warning', warned);
    const log = await open();
    await Promise.all(Array.from({ length: 50 }, (_, at) => log.append([record(String(at))])));
    await systemClock.sleep(0);
    process.off('warning', warned);
    expect(warned).not.toHaveBeenCalled();
  });

  it('does not offer to Kafka first what comes while it is known to be away', async () => {
    const log = await open();
    kafka.answers = 'silent';
    await log.append([record('1')]);
    await log.append([record('2')]);
    expect(kafka.offered).not.toContain('2');
  });

  it('keeps what Kafka owed an answer for when it was found to be away, in the order in which it came', async () => {
    const log = await open();
    kafka.answers = 'silent';
    await Promise.all(['1', '2', '3'].map((text) => log.append([record(text)])));
    await backToKafka(log);
    expect(firsts(kafka.taken)).toEqual(['1', '2', '3']);
  });

  it('loses nothing and keeps the order of each key while Kafka comes and goes', async () => {
    const log = await open();
    const stop = new AbortController();
    const acknowledged: string[] = [];
    const senders = ['a', 'b', 'c', 'd'].map(async (key) => {
      for (let at = 0; !stop.signal.aborted; at += 1) {
        await log.append([record(`${key}${at}`, key)]);
        acknowledged.push(`${key}${at}`);
      }
    });
    const ways: readonly Answers[] = ['away', 'silent', 'mute'];
    for (let turn = 0; turn < 12; turn += 1) {
      kafka.answers = ways[turn % ways.length] ?? 'away';
      await systemClock.sleep(40 + 17 * (turn % 5));
      // While they go on to send.
      await backToKafka(log);
      const before = acknowledged.length;
      await vi.waitFor(() => {
        expect(acknowledged.length).toBeGreaterThan(before + 20);
      });
      expect(waiting(log)).toBe(0);
    }
    stop.abort();
    await Promise.all(senders);
    await backToKafka(log);
    const taken = firsts(kafka.taken);
    expect([...taken].sort()).toEqual([...acknowledged].sort());
    for (const key of ['a', 'b', 'c', 'd'])
      expect(taken.filter((text) => text.startsWith(key))).toEqual(acknowledged.filter((text) => text.startsWith(key)));
  });

  it('writes again after a kill what Kafka had taken and the spool had not forgotten, and loses nothing', async () => {
    const log = await open();
    kafka.answers = 'away';
    for (const text of ['1', '2', '3']) await log.append([record(text)]);
    kafka.answers = 'mute';
    await vi.waitFor(() => {
      expect(kafka.taken).toContain('3');
    }, 10_000);
    await log.stop(AbortSignal.abort());
    kafka.answers = 'here';
    const next = await open();
    await backToKafka(next);
    expect(firsts(kafka.taken)).toEqual(['1', '2', '3']);
    expect(kafka.taken.length).toBeGreaterThan(3);
    expect(waiting(next)).toBe(0);
  });

  it('refuses what the full spool has no room for, and takes it again once Kafka was there', async () => {
    const log = await open({ maxBytes: MIB });
    const large = 'x'.repeat(200 * 1024);
    kafka.answers = 'away';
    const fill = async (): Promise<unknown> => {
      for (let at = 0; at < 20; at += 1) {
        const error: unknown = await log.append([record(`${at} ${large}`)]).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error !== undefined) return error;
      }
      return undefined;
    };
    expect(await fill()).toMatchObject({
      code: 'BUS_UNAVAILABLE',
      message: expect.stringMatching(/bus\.kafka\.spool\.maxBytes = 1048576/) as string,
    });
    expect(log.refusal(large.length)).toMatch(/expected room in the spool/);
    const kept = waiting(log);
    expect(kept).toBeGreaterThan(1);
    await backToKafka(log);
    expect(firsts(kafka.taken)).toHaveLength(kept);
    await log.append([record('straight')]);
    kafka.answers = 'away';
    await vi.waitFor(() => log.append([record(`again ${large}`)]), 10_000);
    expect(waiting(log)).toBe(1);
  });

  it('passes a refusal for good on to who appends, and does not spool it', async () => {
    const log = await open();
    await expect(log.append([record('large')])).rejects.toMatchObject({ code: 'RECORD_TOO_LARGE' });
    expect(log.notice()).toBeUndefined();
    expect(waiting(log)).toBe(0);
  });

  it('makes dead letters of what Kafka refuses for good when it comes from the spool, and goes on with the rest', async () => {
    const log = await open();
    kafka.answers = 'away';
    for (const text of ['1', '2', 'large', '3', 'large too', '4', '5']) await log.append([record(text)]);
    await backToKafka(log);
    expect(firsts(kafka.taken)).toEqual(['1', '2', '3', '4', '5']);
    expect(metrics.counts.get('assay_bus_spool_undeliverable_records_total')).toBe(2);
    expect(logger.error).toHaveBeenCalledTimes(2);
    expect(kafka.letters).toMatchObject([
      { topic: 'unsent:spans', replaysTo: 'spans', role: 'receive', key: 'k', headers: { 'assay.tenant': 't' } },
      { topic: 'unsent:spans', value: Buffer.from('large too') },
    ]);
    expect(new Set(kafka.letters.map(({ id }) => id)).size).toBe(2);
  });

  it('divides what is too large for Kafka when it comes from the spool', async () => {
    const log = await open();
    const spans = Array.from({ length: 9 }, (_, n) => ({
      ...{ traceId: 'a'.repeat(32), spanId: String(n).padStart(16, '1'), name: `${n}` },
      attributes: { text: 'x'.repeat(n === 5 ? 30_000 : 3_000) },
    }));
    const [split] = splitByTrace(encodeRequest([{ scopes: [{ spans }] }]), { tenant: 't' }).records;
    kafka.answers = 'away';
    for (const value of ['before', split!.bytes, 'behind'].map((one) => Buffer.from(one)))
      await log.append([{ topic: 'spans', key: 'a'.repeat(32), value }]);
    kafka.largestBytes = 10_000;
    await backToKafka(log);
    // What lay beside it may come twice.
    const parts = kafka.values.filter((value) => !['before', 'behind'].includes(value.toString()));
    const pieces = parts.flatMap((value) => decodeSpans(value));
    expect(pieces.map(({ name }) => name)).toEqual(spans.map(({ name }) => name));
    expect(pieces[5]?.attributes.get('text')).toMatch(/^x+…\[cut by Assay: 30000 bytes\]$/);
    expect(kafka.values.at(-1)?.toString()).toBe('behind');
    expect(kafka.letters).toEqual([]);
    expect(metrics.counts.get('assay_bus_spool_drained_records_total')).toBe(3);
  });

  it('hands on every topic', async () => {
    const log = await open();
    kafka.answers = 'away';
    await log.append([record('span'), { ...record('event'), topic: 'logs' }]);
    await backToKafka(log);
    expect([...kafka.taken].sort()).toEqual(['event', 'span']);
  });

  it('keeps dead letters for Kafka too, however long it is away', async () => {
    const log = await open();
    kafka.answers = 'away';
    for (const text of ['1', '2', '3']) await log.append([{ ...record(text), topic: 'dead-letters' }]);
    // Several sweeps.
    await systemClock.sleep(300);
    await backToKafka(log);
    expect(kafka.taken).toEqual(['1', '2', '3']);
  });

  it('starts while Kafka is away, says so once, and finds it by itself later', async () => {
    kafka.answers = 'away';
    const log = await open();
    expect(logger.warn).toHaveBeenCalledOnce();
    await log.append([record('1')]);
    expect(log.refusal(1)).toBeUndefined();
    await backToKafka(log);
    await log.append([record('2')]);
    expect(kafka.taken).toEqual(['1', '2']);
    expect(logger.warn).toHaveBeenCalledOnce();
  });

  it('does not start where Kafka refuses it, and says why', async () => {
    kafka.startError = new PipelineError('BUS_UNAVAILABLE', 'expected Kafka to accept the login, but it refused');
    await expect(make().start(never)).rejects.toBe(kafka.startError);
  });

  it('waits out a Kafka that was away at the start and then refuses it, and says so once', async () => {
    kafka.answers = 'away';
    const log = await open();
    kafka.startError = new PipelineError('BUS_UNAVAILABLE', 'expected Kafka to accept the login, but it refused');
    await log.append([record('1')]);
    kafka.answers = 'here';
    await vi.waitFor(() => {
      expect(log.notice()).toContain('the login');
    }, 10_000);
    await systemClock.sleep(600);
    expect(logger.warn).toHaveBeenCalledTimes(2);
    kafka.startError = undefined;
    await backToKafka(log);
    expect(kafka.taken).toEqual(['1']);
  });

  it('drains what is spooled when it is stopped and Kafka comes back in time', async () => {
    const log = await open();
    kafka.answers = 'away';
    await log.append([record('1')]);
    const stopped = log.stop(soon());
    await expect(log.append([record('2')])).rejects.toMatchObject({ code: 'BUS_CLOSED' });
    kafka.answers = 'here';
    await stopped;
    expect(kafka.taken).toEqual(['1']);
  });

  it('stops when its time is over, says how much stays, and the next start hands it on', async () => {
    const log = await open();
    kafka.answers = 'away';
    await log.append([record('1'), record('2')]);
    await log.stop(AbortSignal.timeout(50));
    expect(logger.warn).toHaveBeenLastCalledWith(
      expect.objectContaining({ records: 2, directory }),
      expect.stringMatching(/stay in the spool.*next start/),
    );
    kafka.answers = 'here';
    const next = await open();
    await next.append([record('3')]);
    await backToKafka(next);
    expect(kafka.taken).toEqual(['1', '2', '3']);
  });

  it('stops at once when nothing waits, also while Kafka is away, and stops twice without harm', async () => {
    kafka.answers = 'away';
    const log = await open();
    await log.stop(soon());
    await log.stop(soon());
    expect(logger.warn).toHaveBeenCalledOnce();
  });
});

function record(text: string, key = 'k'): LogRecord {
  return { topic: 'spans', key, value: Buffer.from(text), headers: { 'assay.tenant': 't' } };
}

/** Each once, where it came first. */
function firsts(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}

function listeningLogger() {
  return { ...silentLogger, warn: vi.fn(), error: vi.fn() };
}

/** Metrics that a test can read by name, over all labels. */
function readableMetrics(): Metrics & { readonly counts: Map<string, number>; readonly levels: Map<string, number> } {
  const counts = new Map<string, number>();
  const levels = new Map<string, number>();
  return {
    ...noMetrics,
    counts,
    levels,
    counter: (name) => ({ add: (amount) => counts.set(name, (counts.get(name) ?? 0) + amount) }),
    gauge: (name) => ({ set: (value) => levels.set(name, value) }),
  };
}
