import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLogger } from '../core/logger.js';
import { noMetrics } from '../core/metrics.js';
import { pollCount, textRecord } from '../test/contracts/log.js';
import { busConfig, createLmdbLog, inspectBus } from './index.js';

const never = new AbortController().signal;
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'assay-inspect-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

it('tells of each group what it has not committed, and since when, beside a bus that is open and of one that is not', async () => {
  let nowMs = 1_000;
  const clock = { nowMs: () => nowMs, sleep: () => new Promise<void>(() => undefined) };
  const log = createLmdbLog({ directory, ...busConfig.parse({}) }, { clock, logger: silentLogger, metrics: noMetrics });
  await log.start(never);
  const reader = log.reader('spans', 'fast');
  for (const text of ['1', '2', '3']) {
    await log.append([textRecord('spans', 'k', text)]);
    nowMs += 1_000;
  }
  await pollCount(log.reader('spans', 'slow'), 1);
  await reader.commit(0, 2);
  const expected = {
    newestAcceptedAtMs: 3_000,
    groups: [
      { topic: 'spans', group: 'fast', lag: 1, oldestAcceptedAtMs: 3_000 },
      { topic: 'spans', group: 'slow', lag: 3, oldestAcceptedAtMs: 1_000 },
    ],
    deadLetters: [],
  };
  expect(log.state()).toMatchObject(expected);
  expect(await inspectBus(directory)).toMatchObject(expected);
  await reader.commit(0, 3);
  expect(log.state().groups[0]).toEqual({ topic: 'spans', group: 'fast', lag: 0, oldestAcceptedAtMs: null });
});

it('finds none in a directory without one, and makes none', async () => {
  expect(await inspectBus(directory)).toBeUndefined();
  expect(readdirSync(directory)).toEqual([]);
});
