import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { busConfig, createLmdbLog } from '../bus/index.js';
import { systemClock, type Clock } from '../core/clock.js';
import type { Component } from '../core/component.js';
import type { Log } from '../core/log.js';
import { silentLogger, type Logger } from '../core/logger.js';
import { noMetrics, type Metrics } from '../core/metrics.js';
import type { Verdict } from '../core/verdict.js';
import { evalIdsOf, startSink, type Sink } from '../test/helpers/otlp-sink.js';
import { createPublisher, publisherConfig, PUBLISHER_GROUP } from './index.js';
import { makeVerdict } from './verdict.test-support.js';

const NEVER = new AbortController().signal;
const HOUR_MS = 3_600_000;
const BRISK = { backoffMs: 5, maxBackoffMs: 20, lingerMs: 0, timeoutMs: 5_000 };

/** Counters by name and reason, and a promise for the moment that one reaches a value. */
function watchedMetrics() {
  const counts = new Map<string, number>();
  const waiting = new Set<() => void>();
  const metrics: Metrics = {
    ...noMetrics,
    counter: (name) => ({
      add(amount, labels) {
        const key = [name.replace('assay_publisher_', ''), ...Object.values<string>(labels ?? {})].join(' ');
        counts.set(key, (counts.get(key) ?? 0) + amount);
        for (const look of waiting) look();
      },
    }),
  };
  const reaches = (key: string, value: number): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if ((counts.get(key) ?? 0) < value) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return { metrics, counts, reaches };
}

describe('the publisher', () => {
  let directory: string;
  let sink: Sink;
  let log: Log;
  let watched: ReturnType<typeof watchedMetrics>;
  const running: Component[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'assay-publisher-'));
    sink = await startSink();
    watched = watchedMetrics();
    log = createLmdbLog(
      { directory, ...busConfig.parse({ pollIntervalMs: 5 }) },
      { clock: systemClock, logger: silentLogger, metrics: noMetrics },
    );
    await log.start(NEVER);
  });
  afterEach(async () => {
    for (const publisher of running.splice(0)) await publisher.stop(AbortSignal.timeout(5_000));
    await log.stop(NEVER);
    await sink.close();
    await rm(directory, { recursive: true });
  });

  async function start(
    settings: object = {},
    deps: { readonly clock?: Clock; readonly logger?: Logger } = {},
  ): Promise<Component> {
    const options = publisherConfig.parse({ ...BRISK, endpoint: sink.url, ...settings });
    const publisher = createPublisher(
      { ...options, endpoint: options.endpoint!, version: '0.0.1' },
      { log, fetch, clock: systemClock, random: () => 0.5, logger: silentLogger, metrics: watched.metrics, ...deps },
    );
    running.push(publisher);
    await publisher.start(NEVER);
    return publisher;
  }

  async function append(...verdicts: readonly object[]): Promise<void> {
    await log.append(
      verdicts.map((verdict) => ({
        topic: 'verdicts',
        key: String((verdict as Partial<Verdict>).traceId),
        value: Buffer.from(JSON.stringify(verdict)),
      })),
    );
  }

  const numbered = (from: number, count: number): readonly Verdict[] =>
    Array.from({ length: count }, (_, index) => makeVerdict({ evalId: `v${from + index}` }));
  const waiting = (): Promise<number> => log.lag('verdicts', PUBLISHER_GROUP);

  it('sends what is on the bus, in batches and in order, then what comes', async () => {
    await append(...numbered(0, 5));
    const publisher = await start({ maxBatch: 2 });
    await watched.reaches('sent_verdicts_total', 5);
    expect(sink.requests.map((request) => evalIdsOf([request]))).toEqual([['v0', 'v1'], ['v2', 'v3'], ['v4']]);
    await append(...numbered(5, 1));
    await watched.reaches('sent_verdicts_total', 6);
    await publisher.stop(NEVER);
    expect(evalIdsOf(sink.requests)).toEqual(['v0', 'v1', 'v2', 'v3', 'v4', 'v5']);
    expect(await waiting()).toBe(0);
  });

  it('gathers verdicts that come one by one into one request', async () => {
    let release = (): void => undefined;
    const lingered = new Promise<void>((resolve) => (release = resolve));
    const clock: Clock = { ...systemClock, sleep: () => lingered };
    await start({ lingerMs: 60_000 }, { clock });
    for (const verdict of numbered(0, 4)) await append(verdict);
    release();
    await watched.reaches('sent_verdicts_total', 4);
    expect(sink.requests).toHaveLength(1);
  });

  it('sends again what a receiver could not take, after as long as it asked', async () => {
    sink.answer({ status: 503, headers: { 'retry-after': '1' } }, { status: 200 });
    await append(...numbered(0, 3));
    await start();
    await watched.reaches('sent_verdicts_total', 3);
    const [first, second] = sink.requests;
    expect(second!.body.equals(first!.body)).toBe(true);
    expect(second!.atMs - first!.atMs).toBeGreaterThanOrEqual(990);
    expect(watched.counts.get('failed_requests_total')).toBe(1);
  });

  it('waits twice as long each time, up to a bound, without more than one request at a time', async () => {
    const slept: number[] = [];
    const clock: Clock = {
      nowMs: () => systemClock.nowMs(),
      async sleep(ms) {
        slept.push(ms);
      },
    };
    sink.answer(...Array.from({ length: 5 }, () => ({ status: 502 })), { status: 200 });
    await append(...numbered(0, 1));
    await start({ backoffMs: 100, maxBackoffMs: 1_000, maxBatch: 1 }, { clock });
    await watched.reaches('sent_verdicts_total', 1);
    // At random() = 0.5 a wait is three quarters of its bound.
    expect(slept).toEqual([75, 150, 300, 600, 750]);
  });

  it('drops a batch that is refused for good, says so once, and goes on', async () => {
    const lines: object[] = [];
    const logger: Logger = { ...silentLogger, error: (fields) => lines.push(fields) };
    sink.answer({ status: 400, body: 'bad trace id' }, { status: 200 });
    await append(...numbered(0, 3));
    await start({ maxBatch: 2 }, { logger });
    await watched.reaches('sent_verdicts_total', 1);
    expect(watched.counts.get('dropped_verdicts_total refused')).toBe(2);
    expect(lines).toEqual([{ reason: 'refused', verdicts: 2, why: 'HTTP 400: bad trace id' }]);
    expect(evalIdsOf(sink.requests)).toEqual(['v0', 'v1', 'v2']);
  });

  it('counts what a receiver takes only in part', async () => {
    const body = JSON.stringify({ partialSuccess: { rejectedLogRecords: '1', errorMessage: 'too old' } });
    sink.answer({ headers: { 'content-type': 'application/json' }, body });
    await append(...numbered(0, 3));
    await start();
    await watched.reaches('dropped_verdicts_total partial_success', 1);
    expect(watched.counts.get('sent_verdicts_total')).toBe(2);
  });

  it('waits for a receiver that is not up yet', async () => {
    const { port } = sink;
    await sink.close();
    await append(...numbered(0, 2));
    await start({ endpoint: `http://127.0.0.1:${port}` });
    await watched.reaches('failed_requests_total', 3);
    sink = await startSink(port);
    await watched.reaches('sent_verdicts_total', 2);
    expect(evalIdsOf(sink.requests)).toEqual(['v0', 'v1']);
  });

  it('sends what it holds and what is on the bus when it is stopped', async () => {
    const publisher = await start({ lingerMs: 60_000, maxBatch: 2 });
    await append(...numbered(0, 5));
    await publisher.stop(NEVER);
    expect(evalIdsOf(sink.requests)).toEqual(['v0', 'v1', 'v2', 'v3', 'v4']);
    expect(await waiting()).toBe(0);
  });

  it('leaves to the next start what a receiver does not take while it is stopped', async () => {
    sink.answer({ status: 503, headers: { 'retry-after': '3600' } });
    await append(...numbered(0, 2));
    const first = await start();
    await sink.had(1);
    await watched.reaches('failed_requests_total', 1);
    await first.stop(NEVER);
    expect(await waiting()).toBe(2);
    sink.answer({ status: 200 });
    await start();
    await watched.reaches('sent_verdicts_total', 2);
    expect(watched.counts.get('dropped_verdicts_total refused')).toBeUndefined();
  });

  it('gives up a request under way when it may not drain any longer', async () => {
    sink.answer({ silent: true });
    await append(...numbered(0, 1));
    const publisher = await start({ timeoutMs: 600_000 });
    await sink.had(1);
    await publisher.stop(AbortSignal.abort());
    expect(await waiting()).toBe(1);
  });

  it('drops what was tried in vain and is too old, and keeps what is not', async () => {
    let aheadMs = 0;
    const clock: Clock = { nowMs: () => Date.now() + aheadMs, sleep: (ms, signal) => systemClock.sleep(ms, signal) };
    sink.answer({ status: 503 });
    await append(...numbered(0, 2));
    await start({ giveUpAfterMs: HOUR_MS }, { clock });
    await watched.reaches('failed_requests_total', 2);
    expect(watched.counts.has('dropped_verdicts_total too_old')).toBe(false);
    aheadMs = 2 * HOUR_MS;
    await watched.reaches('dropped_verdicts_total too_old', 2);
    aheadMs = 0;
    sink.answer({ status: 200 });
    await append(...numbered(2, 1));
    await watched.reaches('sent_verdicts_total', 1);
    expect(evalIdsOf(sink.requests.slice(-1))).toEqual(['v2']);
  });

  it('skips a record that is no verdict, and reads one of an older Assay', async () => {
    const newer = new Set(['spanId', 'byHand', 'disputed', 'cacheAudit']);
    const fields = Object.entries(makeVerdict({ evalId: 'older' })).filter(([name]) => !newer.has(name));
    const older = Object.fromEntries(fields);
    await log.append([{ topic: 'verdicts', key: 'k', value: Buffer.from('{"cut') }]);
    await append(makeVerdict({ traceId: 'short' }), older);
    await start();
    await watched.reaches('sent_verdicts_total', 1);
    expect(evalIdsOf(sink.requests)).toEqual(['older']);
    expect(watched.counts.get('dropped_verdicts_total unreadable')).toBe(2);
  });

  it('moves on when nothing on the bus can be read', async () => {
    await log.append([{ topic: 'verdicts', key: 'k', value: Buffer.from('null') }]);
    const publisher = await start();
    await watched.reaches('dropped_verdicts_total unreadable', 1);
    await publisher.stop(NEVER);
    expect(await waiting()).toBe(0);
    expect(sink.requests).toHaveLength(0);
  });

  it('stops before it was started, and twice', async () => {
    const options = { ...publisherConfig.parse({}), endpoint: sink.url, version: '0' };
    const deps = { log, fetch, clock: systemClock, random: Math.random, logger: silentLogger, metrics: noMetrics };
    await createPublisher(options, deps).stop(NEVER);
    const publisher = await start();
    await publisher.stop(NEVER);
    await publisher.stop(NEVER);
  });
});

describe('settings of the publisher', () => {
  const refused = (settings: object): boolean => !publisherConfig.safeParse(settings).success;

  it('are off by default', () => {
    expect(publisherConfig.parse({}).endpoint).toBeUndefined();
  });

  it.each(['localhost:4318', 'ftp://host/', 'http://me:hush@host', 'http://host/#part', ''])(
    'refuse %j as an endpoint',
    (endpoint) => {
      expect(refused({ endpoint })).toBe(true);
    },
  );

  it('refuse headers that a request cannot carry or that Assay sets itself', () => {
    expect(refused({ headers: { authorization: 'Bearer 1\r\nx: y' } })).toBe(true);
    expect(refused({ headers: { 'bad name': 'x' } })).toBe(true);
    expect(refused({ headers: { 'Content-Type': 'text/plain' } })).toBe(true);
    expect(refused({ headers: { authorization: 'Bearer 1' } })).toBe(false);
  });

  it('hide the values of headers', () => {
    const { headers } = publisherConfig.parse({ headers: { authorization: 'Bearer sesame' } });
    expect(JSON.stringify(headers)).toBe('{"authorization":"********"}');
  });
});
