import { expect, it } from 'vitest';
import type { Clock } from '../../core/clock.js';
import { readLetter } from '../../core/dead-letter.js';
import { PipelineError } from '../../core/errors.js';
import type { LogRecord } from '../../core/log.js';
import { silentLogger } from '../../core/logger.js';
import { noMetrics } from '../../core/metrics.js';
import { createLostBatches, keepsLetters } from './lost-batches.js';

const never = new AbortController().signal;
const batch = { firstOffset: 7, endOffset: 9, acceptedAtMs: 5, bytes: 100, sha256: 'f00d', problem: 'bad lz4' };
const clock: Clock = { nowMs: () => 0, sleep: () => new Promise((done) => setImmediate(done)) };

/** A log that is away for so many appends. */
function logAwayFor(times: number) {
  const records: LogRecord[] = [];
  let left = times;
  return {
    records,
    append: async (given: readonly LogRecord[]): Promise<void> => {
      left -= 1;
      if (left >= 0) throw new PipelineError('BUS_UNAVAILABLE', 'away');
      records.push(...given);
    },
  };
}

it('has the letter of a batch written before it is passed by, however long that takes', async () => {
  const log = logAwayFor(3);
  const lost = createLostBatches({ keeps: keepsLetters }, { log, clock, logger: silentLogger, metrics: noMetrics });
  expect(await lost.note({ topic: 'spans', partition: 2, group: 'write' }, batch, never)).toBe(true);
  const [letter] = log.records.map((record) =>
    readLetter({ headers: {}, ...record, partition: 0, offset: 0, acceptedAtMs: 9 }),
  );
  expect(letter).toMatchObject({
    ...{ id: 'spans/2/7', role: 'bus', code: 'SPOILT', bytes: 100, sha256: 'f00d', value: undefined, acceptedAtMs: 5 },
    reason: 'the batch of 2 records from offset 7 to 8 cannot be read: bad lz4',
  });
});

it('gives up when it is told to stop before the letter was written', async () => {
  const stop = new AbortController();
  const lost = createLostBatches(
    { keeps: () => true },
    {
      log: logAwayFor(Infinity),
      clock: {
        ...clock,
        sleep: async () => {
          stop.abort();
        },
      },
      logger: silentLogger,
      metrics: noMetrics,
    },
  );
  expect(await lost.note({ topic: 'spans', partition: 2, group: 'write' }, batch, stop.signal)).toBe(false);
});

it.each([
  ['spans', 'write', true],
  ['spans', 'sample', false],
  ['judgements', 'judge', true],
  ['judgements', 'write', false],
  ['dead-letters', 'scan.1', false],
] as const)('has one group of those that read %s make the letter: %s %s', async (topic, group, keeps) => {
  const log = logAwayFor(0);
  const lost = createLostBatches({ keeps: keepsLetters }, { log, clock, logger: silentLogger, metrics: noMetrics });
  expect(await lost.note({ topic, partition: 0, group }, batch, never)).toBe(true);
  expect(log.records).toHaveLength(keeps ? 1 : 0);
});
