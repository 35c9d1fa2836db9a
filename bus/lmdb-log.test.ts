import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import { silentLogger } from '../core/logger.js';
import { noMetrics } from '../core/metrics.js';
import { describeLog, type LogPlace } from '../test/contracts/log.js';
import { busConfig, createLmdbLog } from './index.js';

const never = new AbortController().signal;

const makePlace = async (): Promise<LogPlace> => {
  const directory = await mkdtemp(join(tmpdir(), 'assay-bus-'));
  const logs: Log[] = [];
  return {
    async open() {
      const log = createLmdbLog(
        { directory, ...busConfig.parse({}) },
        { clock: systemClock, logger: silentLogger, metrics: noMetrics },
      );
      logs.push(log);
      await log.start(never);
      return log;
    },
    async dispose() {
      for (const log of logs) await log.stop(never);
      await rm(directory, { recursive: true });
    },
  };
};

describeLog('the lmdb log', makePlace, { keepsOrderAcrossKeys: true, erases: true, largestValueBytes: 8_000_000 });
