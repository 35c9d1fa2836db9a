import { expect, it, vi } from 'vitest';
import { type Clock, systemClock } from '../core/clock.js';
import { PipelineError } from '../core/errors.js';
import { runBesideOthers } from './run-beside-others.js';

const clock: Clock = { ...systemClock, sleep: async () => undefined };

function refused(type: string): PipelineError {
  return new PipelineError('STORE_REFUSED', `got ${type}`, { cause: Object.assign(new Error(type), { type }) });
}

it('runs a statement again while a table that it reads is being made by another process', async () => {
  const run = vi
    .fn<(sql: string) => Promise<void>>()
    .mockRejectedValueOnce(refused('UNKNOWN_TABLE'))
    .mockRejectedValueOnce(refused('UNKNOWN_TABLE'))
    .mockResolvedValueOnce();
  await runBesideOthers({ run }, 'CREATE VIEW …', clock);
  expect(run.mock.calls).toEqual([['CREATE VIEW …'], ['CREATE VIEW …'], ['CREATE VIEW …']]);
});

it('passes on that it is still missing after some tries, and anything else at once', async () => {
  const missing = vi.fn<(sql: string) => Promise<void>>().mockRejectedValue(refused('UNKNOWN_TABLE'));
  await expect(runBesideOthers({ run: missing }, 'CREATE VIEW …', clock)).rejects.toThrow('got UNKNOWN_TABLE');
  expect(missing.mock.calls.length).toBeGreaterThan(3);
  const denied = vi.fn<(sql: string) => Promise<void>>().mockRejectedValue(refused('ACCESS_DENIED'));
  await expect(runBesideOthers({ run: denied }, 'CREATE VIEW …', clock)).rejects.toThrow('got ACCESS_DENIED');
  expect(denied).toHaveBeenCalledOnce();
});
