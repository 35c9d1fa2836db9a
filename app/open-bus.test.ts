import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { busConfig, createLmdbLog } from '../bus/index.js';
import { systemClock } from '../core/clock.js';
import { silentLogger } from '../core/logger.js';
import { noMetrics } from '../core/metrics.js';
import { sayWhatIsSpooled } from './open-bus.js';

const never = new AbortController().signal;

describe('a spool that nobody sends any more', () => {
  let directory: string;
  const warn = vi.fn();
  const logger = { ...silentLogger, warn };

  beforeEach(async () => {
    warn.mockClear();
    directory = join(await mkdtemp(join(tmpdir(), 'assay-open-bus-')), 'spool');
  });
  afterEach(async () => {
    await rm(join(directory, '..'), { recursive: true });
  });

  it('is named with the records in it', async () => {
    const log = createLmdbLog(
      { directory, ...busConfig.parse({}) },
      { clock: systemClock, logger: silentLogger, metrics: noMetrics },
    );
    log.reader('spans', 'kafka');
    await log.start(never);
    await log.append([{ topic: 'spans', key: 'k', value: Buffer.from('1') }]);
    await log.stop(never);
    await sayWhatIsSpooled(directory, logger);
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      { records: 1, directory },
      expect.stringContaining('assay run --role'),
    );
  });

  it('is neither named nor made when there is none', async () => {
    await sayWhatIsSpooled(directory, logger);
    expect(warn).not.toHaveBeenCalled();
    expect(existsSync(directory)).toBe(false);
  });
});
