import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import { silentLogger } from '../core/logger.js';
import { noMetrics } from '../core/metrics.js';
import { busConfig } from './config.js';
import { createLmdbLog } from './lmdb-log.js';

const never = new AbortController().signal;
const LONGEST_WAIT_MS = 5_000;
const OPTIONS = { maxRecords: 10, maxBytes: 1_000, waitMs: 2_000 };

const PLAIN = { logger: silentLogger, metrics: noMetrics };

let directory: string;
let log: Log;
let other: Log;
let waits: number[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'assay-bus-'));
  waits = [];
  let nowMs = 1_000_000;
  const clock = {
    nowMs: () => nowMs,
    async sleep(ms: number, signal?: AbortSignal) {
      // Between two sweeps.
      if (ms > LONGEST_WAIT_MS) return once(signal!, 'abort').then(() => undefined);
      nowMs += ms;
      waits.push(ms);
    },
  };
  const options = { directory, ...busConfig.parse({ pollIntervalMs: 20 }) };
  log = createLmdbLog(options, { ...PLAIN, clock });
  other = createLmdbLog(options, { ...PLAIN, clock: systemClock });
  await log.start(never);
  await other.start(never);
});

afterEach(async () => {
  await log.stop(never);
  await other.stop(never);
  rmSync(directory, { recursive: true });
});

it('looks often for a second, then a fiftieth as often, until there is a record', async () => {
  const reader = log.reader('verdicts', 'test');
  expect(await reader.poll({ ...OPTIONS, waitMs: 4_000 }, never)).toEqual([]);
  expect(waits).toEqual([...new Array<number>(50).fill(20), 1_000, 1_000, 1_000]);
  waits = [];
  expect(await reader.poll({ ...OPTIONS, waitMs: 1_500 }, never)).toEqual([]);
  expect(waits).toEqual([1_000, 500]);
  await other.append([{ topic: 'verdicts', key: 'a', value: Buffer.from('{}') }]);
  expect(await reader.poll(OPTIONS, never)).toHaveLength(1);
  waits = [];
  expect(await reader.poll({ ...OPTIONS, waitMs: 50 }, never)).toEqual([]);
  expect(waits).toEqual([20, 20, 10]);
});
