import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Topic } from '../core/log.js';
import { silentLogger } from '../core/logger.js';
import { noMetrics } from '../core/metrics.js';
import { scanned, textRecord } from '../test/contracts/log.js';
import { busConfig, createLmdbLog, type EmbeddedLog } from './index.js';

const never = new AbortController().signal;
const BLOCK = 'x'.repeat(300_000);
const HOUR_MS = 3_600_000;

let directory: string;
let log: EmbeddedLog;
let sweeps: number;
let stepMs: number;
/** Sleeps for a moment, each time an age further on: everything is old at the second look. */
const clock = {
  nowMs: () => sweeps * stepMs,
  async sleep(ms: number, signal?: AbortSignal) {
    await sleep(Math.min(ms, 5), undefined, { signal: signal ?? never }).catch(() => undefined);
    sweeps += 1;
  },
};

beforeEach(async () => {
  sweeps = 1;
  stepMs = 100 * HOUR_MS;
  directory = mkdtempSync(join(tmpdir(), 'assay-retention-'));
  const deadLetters = { hours: 250, maxBytes: 1_000_000 };
  const retention = { hours: 1, maxBytes: 2 ** 20, sweepIntervalMs: 10, deadLetters };
  log = createLmdbLog(
    { directory, ...busConfig.parse({}), retention },
    { clock, logger: silentLogger, metrics: noMetrics },
  );
  await log.start(never);
});
afterEach(async () => {
  await log.stop(never);
  rmSync(directory, { recursive: true });
});

async function fill(topic: Topic): Promise<void> {
  for (let index = 0; index < 8; index += 1) await log.append([textRecord(topic, 'k', BLOCK)]);
}

async function sweptTwice(): Promise<void> {
  const from = sweeps;
  await vi.waitUntil(() => sweeps > from + 2);
}

async function oldestOf(topic: Topic): Promise<number> {
  const reader = log.reader(topic, 'looker');
  const [first] = await reader.poll({ maxRecords: 1, maxBytes: 1, waitMs: 0 }, never);
  await reader.close();
  return first!.offset;
}

it('removes nothing that a joined group has not committed, however old and over the size', async () => {
  const slow = log.reader('spans', 'slow');
  const fast = log.reader('spans', 'fast');
  await slow.poll({ maxRecords: 1, maxBytes: 1, waitMs: 0 }, never);
  await fill('spans');
  await fast.commit(0, 8);
  await sweptTwice();
  expect(await oldestOf('spans')).toBe(0);
});

it('removes nothing of a topic that no group has ever read', async () => {
  await fill('spans');
  // Who reads nothing does not sweep.
  log.reader('verdicts', 'other');
  await sweptTwice();
  expect(await oldestOf('spans')).toBe(0);
});

it('removes what all groups have committed, up to the newest block', async () => {
  const reader = log.reader('spans', 'only');
  await fill('spans');
  await reader.commit(0, 8);
  await sweptTwice();
  reader.seek(0, 0);
  const [first] = await reader.poll({ maxRecords: 1, maxBytes: 1, waitMs: 0 }, never);
  expect(first!.offset).toBe(7);
});

it('removes dead letters, which no group reads, by their own size and then by their own age', async () => {
  const offsets = async (): Promise<readonly number[]> =>
    (await scanned(log, 'dead-letters')).map(({ offset }) => offset);
  stepMs = 0;
  await fill('dead-letters');
  expect(await offsets()).toHaveLength(8);
  // Who reads nothing does not sweep.
  log.reader('verdicts', 'other');
  await vi.waitUntil(async () => (await offsets()).length < 8);
  await sweptTwice();
  expect(await offsets()).toEqual([5, 6, 7]);
  stepMs = 100 * HOUR_MS;
  // All but the newest, which tells the next offset.
  await vi.waitUntil(async () => (await offsets()).length === 1);
  expect(await offsets()).toEqual([7]);
  expect(log.state().groups.map(({ topic }) => topic)).not.toContain('dead-letters');
});
