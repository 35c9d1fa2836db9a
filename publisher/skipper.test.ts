import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { busConfig, createLmdbLog } from '../bus/index.js';
import { systemClock, type Clock } from '../core/clock.js';
import { silentLogger } from '../core/logger.js';
import { noMetrics } from '../core/metrics.js';
import { createSkipper, PUBLISHER_GROUP } from './index.js';

const NEVER = new AbortController().signal;

it('leaves nothing uncommitted of what is not published, whenever it came', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'assay-skipper-'));
  const log = createLmdbLog(
    { directory, ...busConfig.parse({}) },
    { clock: systemClock, logger: silentLogger, metrics: noMetrics },
  );
  await log.start(NEVER);
  const append = (): Promise<void> => log.append([{ topic: 'verdicts', key: 'k', value: Buffer.from('{}') }]);
  const rounds: (() => void)[] = [];
  const rested: (() => void)[] = [];
  /** Each sleep tells that a round has ended, and lasts until the test begins the next. */
  const clock: Clock = {
    nowMs: () => 0,
    sleep: (_, signal) =>
      new Promise((resolve) => {
        signal?.addEventListener('abort', () => {
          resolve();
        });
        rounds.push(resolve);
        rested.shift()?.();
      }),
  };
  const roundEnds = (): Promise<void> => new Promise((resolve) => rested.push(resolve));
  await append();
  const skipper = createSkipper({ log, clock, logger: silentLogger });
  const first = roundEnds();
  await skipper.start(NEVER);
  await first;
  expect(await log.lag('verdicts', PUBLISHER_GROUP)).toBe(0);
  await append();
  expect(await log.lag('verdicts', PUBLISHER_GROUP)).toBe(1);
  const second = roundEnds();
  rounds.shift()!();
  await second;
  expect(await log.lag('verdicts', PUBLISHER_GROUP)).toBe(0);
  await skipper.stop(NEVER);
  await log.stop(NEVER);
  await rm(directory, { recursive: true });
});
