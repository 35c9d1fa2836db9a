import { afterEach, expect, it, vi } from 'vitest';
import { PipelineError } from '../core/errors.js';
import type { LogRecord } from '../core/log.js';
import {
  allCommitted,
  createScriptedModel,
  judgement,
  newWorld,
  says,
  startJudge,
  stopJudges,
  verdictCount,
} from './world.test-support.js';

afterEach(stopJudges);

const POISON: LogRecord = {
  ...{ topic: 'judgements', key: 'bad', value: Buffer.from('{"decision":') },
  headers: { 'assay.tenant': 'acme' },
};

it('puts a judgement that it cannot read into the dead letters, once, and judges what is behind it', async () => {
  const world = newWorld();
  await startJudge(
    world,
    createScriptedModel(() => says('pass')),
  );
  await world.bus.log.append([POISON, judgement('t1')]);
  await verdictCount(world, 1);
  await allCommitted(world, 2);
  expect(world.bus.letters()).toMatchObject([
    {
      ...{ id: 'judgements/0/0', role: 'judge', code: 'RECORD_MALFORMED', key: 'bad' },
      headers: POISON.headers,
      value: POISON.value,
    },
  ]);
});

it('commits nothing behind a judgement whose letter the bus does not take, and goes on judging', async () => {
  const world = newWorld();
  let tries = 0;
  let away = true;
  world.bus.beforeAppend((records) => {
    if (!records.some(({ topic }) => topic === 'dead-letters')) return Promise.resolve();
    tries += 1;
    return away ? Promise.reject(new PipelineError('BUS_UNAVAILABLE', 'away')) : Promise.resolve();
  });
  await startJudge(
    world,
    createScriptedModel(() => says('pass')),
  );
  await world.bus.log.append([POISON, judgement('t1')]);
  await verdictCount(world, 1);
  await vi.waitFor(() => {
    expect(tries).toBeGreaterThan(7);
  });
  expect(world.bus.committed()).toBe(0);
  away = false;
  await allCommitted(world, 2);
  expect(world.bus.letters()).toHaveLength(1);
});

it('gives a judgement up that breaks it, and breaks the error that it would answer with', async () => {
  const world = newWorld();
  world.bus.beforeAppend((records) =>
    records.some(({ topic, key }) => topic === 'verdicts' && key === 't1')
      ? Promise.reject(new Error('a defect'))
      : Promise.resolve(),
  );
  await startJudge(
    world,
    createScriptedModel(() => says('pass')),
  );
  await world.bus.log.append([judgement('t1'), judgement('t2')]);
  await allCommitted(world, 2);
  expect(world.bus.verdicts().map(({ traceId }) => traceId)).toEqual(['t2']);
  expect(world.bus.letters()).toMatchObject([{ id: 'judgements/0/0', code: 'Error', reason: 'a defect' }]);
});
