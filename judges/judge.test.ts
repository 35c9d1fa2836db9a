import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../core/clock.js';
import { PipelineError } from '../core/errors.js';
import type { LogRecord } from '../core/log.js';
import { silentLogger } from '../core/logger.js';
import { noMetrics } from '../core/metrics.js';
import type { Model, ModelReply } from '../core/model.js';
import type { Verdict } from '../core/verdict.js';
import { judgesConfig } from './config.js';
import { createJudge } from './judge.js';
import {
  allCommitted,
  breaks,
  clockFrom,
  createScriptedModel,
  DAY,
  EVIDENCE,
  judgement,
  NEVER,
  newWorld,
  QUOTE,
  RUBRICS,
  running,
  says,
  startJudge,
  stopJudges,
  verdictCount,
  type World,
} from './world.test-support.js';

afterEach(stopJudges);

/** Judges one trace and returns its verdict. */
async function judgeOne(model: Model | undefined, settings: object = {}): Promise<Verdict & { readonly world: World }> {
  const world = newWorld();
  await startJudge(world, model, { settings });
  await world.bus.log.append([judgement('t1')]);
  await allCommitted(world, 1);
  const [verdict] = world.bus.verdicts();
  return { ...verdict!, world };
}

describe('a verdict', () => {
  it('takes two votes that agree, carries their quotes, and costs what they cost', async () => {
    const model = createScriptedModel(() => says('fail'));
    const verdict = await judgeOne(model);
    expect(model.requests).toHaveLength(2);
    expect(verdict).toMatchObject({
      ...{ tenant: 'acme', traceId: 't1', version: 1, criterion: 'task-completion', outcome: 'fail', confidence: 1 },
      ...{ quotes: [QUOTE], explanation: 'It is a fail.', reason: '', rubricVersion: '1.0.0', provider: 'openai' },
      ...{
        model: 'scripted-2026',
        costMicroUsd: 2200,
        inputTokens: 2000,
        outputTokens: 40,
        pi: 0.5,
        stratum: 'suspected',
      },
    });
    expect(verdict.votes).toHaveLength(2);
    expect(verdict.world.bus.spend().map(({ status, settledMicroUsd }) => [status, settledMicroUsd])).toEqual([
      ['settled', 1100],
      ['settled', 1100],
    ]);
  });

  it('takes a third vote when two differ', async () => {
    const model = createScriptedModel((_, call) => says(call === 1 ? 'pass' : 'fail'));
    const verdict = await judgeOne(model);
    expect(model.requests).toHaveLength(3);
    expect(verdict).toMatchObject({ outcome: 'fail', confidence: 2 / 3 });
  });

  it('asks each vote under another nonce, with the temperature and the schema', async () => {
    const model = createScriptedModel(() => says('pass'));
    await judgeOne(model);
    const [first, second] = model.requests;
    expect(first).toMatchObject({ schemaName: 'assay_verdict', temperature: 0.3, maxOutputTokens: 100 });
    expect(first?.system).toBe(second?.system);
    expect(first?.user).not.toBe(second?.user);
  });

  it('is an abstention when the judge abstains', async () => {
    expect(await judgeOne(createScriptedModel(() => says('abstain', { quotes: [] })))).toMatchObject({
      outcome: 'abstain',
      reason: 'the judge abstained: It is a abstain.',
    });
  });

  it('is an abstention that says so when no model is configured', async () => {
    const verdict = await judgeOne(undefined);
    expect(verdict).toMatchObject({ outcome: 'abstain', votes: [], costMicroUsd: 0, provider: '' });
    expect(verdict.reason).toMatch(/^no judge model is configured/);
  });

  it('is an error for a criterion without a rubric', async () => {
    const world = newWorld();
    await startJudge(
      world,
      createScriptedModel(() => says('pass')),
    );
    await world.bus.log.append([judgement('t1', { criteria: ['tone'] })]);
    await verdictCount(world, 1);
    expect(world.bus.verdicts()[0]).toMatchObject({
      outcome: 'error',
      reason: 'expected a rubric for criterion tone, found none',
    });
  });
});

describe('a reply that cannot be used', () => {
  it.each([
    ['has an extra key', { note: 'x' }, /additional properties/],
    ['has a verdict of its own making', { verdict: 'PASS' }, /\/verdict must be equal/],
    ['has a confidence outside [0, 1]', { confidence: 7 }, /confidence in \[0, 1\]/],
    ['has no explanation', { explanation: ' ' }, /expected an explanation/],
    ['quotes what is not there', { quotes: ['refund of 99 EUR on order B-2'] }, /^unsupported quote: /],
    ['quotes nothing', { quotes: [] }, /^unsupported quote: expected at least 1/],
  ])('is asked once more and then makes the verdict an error: it %s', async (_, change, reason) => {
    const model = createScriptedModel(() => says('pass', change));
    const verdict = await judgeOne(model);
    expect(model.requests).toHaveLength(2);
    expect(verdict).toMatchObject({ outcome: 'error', costMicroUsd: 2200 });
    expect(verdict.reason).toMatch(reason);
  });

  it('does no harm when the second answer is good', async () => {
    const model = createScriptedModel((_, call) => says('pass', call === 1 ? { quotes: ['made up, made up'] } : {}));
    const verdict = await judgeOne(model);
    expect(model.requests).toHaveLength(3);
    expect(verdict).toMatchObject({ outcome: 'pass', costMicroUsd: 3300 });
    expect(verdict.votes).toHaveLength(2);
  });

  it('is charged as the provider counted it when it was cut', async () => {
    const model = createScriptedModel(() => breaks('MODEL_REPLY_INVALID', { inputTokens: 1000, outputTokens: 100 }));
    expect(await judgeOne(model)).toMatchObject({ outcome: 'error', costMicroUsd: 3000 });
    expect(model.requests).toHaveLength(2);
  });
});

describe('a failing provider', () => {
  it('is tried again until it answers, and its failures cost nothing', async () => {
    const model = createScriptedModel((_, call) => (call < 4 ? breaks('MODEL_UNREACHABLE') : says('pass')));
    expect(await judgeOne(model)).toMatchObject({ outcome: 'pass', costMicroUsd: 2200 });
    expect(model.requests).toHaveLength(5);
  });

  it('makes the verdict an error, never a fail, after so many attempts', async () => {
    const model = createScriptedModel(() => breaks('MODEL_UNREACHABLE', {}));
    const verdict = await judgeOne(model, { maxAttempts: 3 });
    expect(model.requests).toHaveLength(3);
    expect(verdict).toMatchObject({
      outcome: 'error',
      reason: '3 calls failed, last: the provider said MODEL_UNREACHABLE',
    });
  });

  it('is waited for through an outage that costs nothing, however many calls that takes', async () => {
    const model = createScriptedModel((_, call) =>
      call <= 40 ? breaks(call % 2 === 0 ? 'MODEL_UNREACHABLE' : 'MODEL_THROTTLED') : says('pass'),
    );
    expect(await judgeOne(model)).toMatchObject({ outcome: 'pass', costMicroUsd: 2200 });
    expect(model.requests).toHaveLength(42);
  });

  it('is told of in one line when it fails and one when it answers again, without a word of its own', async () => {
    const world = newWorld();
    const model = createScriptedModel((_, call) => (call <= 6 ? breaks('MODEL_UNREACHABLE') : says('pass')));
    const { announced } = await startJudge(world, model);
    await world.bus.log.append([judgement('t1')]);
    await allCommitted(world, 1);
    expect(announced.slice(1)).toEqual([
      'The judge, openai model scripted, does not answer as it should: MODEL_UNREACHABLE. Judgements wait and are tried again, each vote for up to 300 s.',
      'The judge, openai model scripted, answers again.',
    ]);
  });

  it('is not asked twice with a key that it refuses', async () => {
    const model = createScriptedModel(() => breaks('MODEL_REFUSED'));
    expect(await judgeOne(model)).toMatchObject({ outcome: 'error', reason: 'the provider said MODEL_REFUSED' });
    expect(model.requests).toHaveLength(1);
  });

  it('is given up when the time for one vote is over', async () => {
    const model = createScriptedModel(() => breaks('MODEL_THROTTLED', { unbilled: true, retryAfterMs: 60_000 }));
    const verdict = await judgeOne(model, { giveUpAfterMs: 30 });
    expect(verdict).toMatchObject({ outcome: 'error' });
    expect(verdict.reason).toBe('no answer within 30 ms, last: the provider said MODEL_THROTTLED');
  });

  it('is charged as reserved for a timeout, because nobody knows', async () => {
    const model = createScriptedModel(() => breaks('MODEL_TIMEOUT', {}));
    const { world, costMicroUsd } = await judgeOne(model, { maxAttempts: 1 });
    const [row] = world.bus.spend();
    expect(row).toMatchObject({ status: 'settled', settledMicroUsd: costMicroUsd });
    expect(row?.settledMicroUsd).toBe(row?.reservedMicroUsd);
    expect(costMicroUsd).toBeGreaterThan(500);
  });

  it('gets few more calls than answers through a storm of 429', async () => {
    const world = newWorld();
    let open = false;
    const model = createScriptedModel((_, call) => {
      if (call > 8) open = true;
      return open ? says('pass') : breaks('MODEL_THROTTLED', { unbilled: true, retryAfterMs: 20 });
    });
    await startJudge(world, model);
    await world.bus.log.append(Array.from({ length: 50 }, (_, index) => judgement(`t${index}`)));
    await verdictCount(world, 50);
    expect(new Set(world.bus.verdicts().map(({ outcome }) => outcome))).toEqual(new Set(['pass']));
    expect(model.requests.length / 100).toBeLessThanOrEqual(1.2);
  });
});

describe('money', () => {
  it('is told of call by call, once each, before there is a verdict', async () => {
    const world = newWorld();
    let answer = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const model = createScriptedModel(async (_, call) => {
      if (call === 1) return breaks('MODEL_TIMEOUT', {});
      if (call === 3) await held;
      return says('pass');
    });
    await startJudge(world, model);
    await world.bus.log.append([judgement('t1')]);
    await vi.waitFor(() => {
      expect(world.bus.spend()).toHaveLength(2);
    });
    expect(world.bus.verdicts()).toEqual([]);
    answer();
    await allCommitted(world, 1);
    expect(new Set(world.bus.spend().map(({ callId }) => callId)).size).toBe(3);
    expect(world.bus.spend()).toHaveLength(3);
  });

  it('goes with the verdict when the bus does not take it at once', async () => {
    const world = newWorld();
    world.bus.beforeAppend((records) =>
      records.every(({ topic }) => topic === 'spend')
        ? Promise.reject(new PipelineError('BUS_UNAVAILABLE', 'away'))
        : Promise.resolve(),
    );
    await startJudge(
      world,
      createScriptedModel(() => says('pass')),
    );
    await world.bus.log.append([judgement('t1')]);
    await allCommitted(world, 1);
    expect([world.bus.spend().length, world.bus.verdicts().length]).toEqual([2, 1]);
  });

  it('is said to be spent before the first call, once: where, which model, price, cap and what text', async () => {
    const world = newWorld();
    const before: number[] = [];
    const model = createScriptedModel(() => says('pass'));
    const { announced } = await startJudge(world, {
      ...model,
      complete: (...call) => (before.push(announced.length), model.complete(...call)),
    });
    expect(announced).toEqual([]);
    await world.bus.log.append([judgement('t1'), judgement('t2')]);
    await verdictCount(world, 2);
    expect(announced).toHaveLength(1);
    expect(Math.min(...before)).toBe(1);
    for (const part of ['openai', 'scripted', 'http://127.0.0.1:1/v1', '$1 in', '$5 out', '$1 a day', 'user request']) {
      expect(announced[0]).toContain(part);
    }
  });

  it('runs out visibly: the verdict says which cap and until when', async () => {
    const model = createScriptedModel(() => says('pass'));
    const verdict = await judgeOne(model, { dailyBudgetUsd: 0.0001 });
    expect(model.requests).toHaveLength(0);
    expect(verdict).toMatchObject({ outcome: 'shed_budget', costMicroUsd: 0 });
    expect(verdict.reason).toBe(
      'the daily judge budget of $0.0001 does not hold another call until 2026-11-22T00:00:00.000Z; raise judges.dailyBudgetUsd to judge more',
    );
  });

  it('is never spent beyond the cap, however many judgements are in work', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 5000, max: 60_000 }),
        fc.integer({ min: 1, max: 16 }),
        async (capMicroUsd, concurrency) => {
          const world = newWorld();
          const settings = { dailyBudgetUsd: capMicroUsd / 1e6, concurrency };
          const model = createScriptedModel((request) => ({
            ...says('pass'),
            inputTokens: Math.ceil((request.user.length + request.system.length) / 3),
          }));
          const { judge } = await startJudge(world, model, { settings });
          await world.bus.log.append(Array.from({ length: 20 }, (_, index) => judgement(`t${index}`)));
          await verdictCount(world, 20);
          await judge.stop(NEVER);
          const spent = world.bus.spend().reduce((sum, row) => sum + row.settledMicroUsd, 0);
          expect(spent).toBeLessThanOrEqual(capMicroUsd);
          expect(Number(world.state.get(`spent/${DAY}`) ?? 0)).toBe(spent);
          expect(world.bus.verdicts().every(({ outcome }) => outcome === 'pass' || outcome === 'shed_budget')).toBe(
            true,
          );
        },
      ),
      { seed: 31, numRuns: 15 },
    );
  });

  it('is charged to the day that the call began in, across midnight', async () => {
    const world = newWorld();
    const clock = clockFrom('2026-11-21T23:59:00Z');
    const model = createScriptedModel((_, call) => {
      if (call === 1) clock.shiftMs += 120_000;
      return says('pass');
    });
    await startJudge(world, model, { clock });
    await world.bus.log.append([judgement('t1')]);
    await allCommitted(world, 1);
    expect([world.state.get('spent/2026-11-21'), world.state.get('spent/2026-11-22')]).toEqual(['1100', '1100']);
  });

  it('stays spent after a restart', async () => {
    const world = newWorld();
    const settings = { dailyBudgetUsd: 0.006 };
    const first = await startJudge(
      world,
      createScriptedModel(() => says('pass')),
      { settings },
    );
    await world.bus.log.append([judgement('t1')]);
    await allCommitted(world, 1);
    await first.judge.stop(NEVER);
    const model = createScriptedModel(() => says('pass', {}));
    await startJudge(world, model, { settings: { dailyBudgetUsd: 0.003 } });
    await world.bus.log.append([judgement('t2')]);
    await allCommitted(world, 2);
    expect(model.requests).toHaveLength(0);
    expect(world.bus.verdicts()[1]).toMatchObject({ outcome: 'shed_budget' });
  });
});

describe('a restart', () => {
  it('uses the replies that were journaled and buys none of them again', async () => {
    const world = newWorld();
    const first = createScriptedModel(() => says('pass'));
    const stuck = new Promise<void>(() => undefined);
    world.bus.beforeAppend((records) =>
      records.some(({ topic }) => topic === 'verdicts') ? stuck : Promise.resolve(),
    );
    await startJudge(world, first);
    await world.bus.log.append([judgement('t1')]);
    await vi.waitFor(() => {
      expect([...world.state.entries.values()].filter((text) => text.includes('"replied"'))).toHaveLength(2);
    });
    running.splice(0);

    world.bus.beforeAppend();
    const second = createScriptedModel(() => says('fail'));
    await startJudge(world, second);
    await verdictCount(world, 1);
    expect([first.requests.length, second.requests.length]).toEqual([2, 0]);
    expect(world.bus.verdicts()[0]).toMatchObject({ outcome: 'pass', costMicroUsd: 2200 });
    // Told again after a crash, under the same two ids.
    expect(new Set(world.bus.spend().map(({ callId }) => callId)).size).toBe(2);
  });

  it('charges a call that was in flight as reserved, reports it lost, and asks again', async () => {
    const world = newWorld();
    const first = createScriptedModel(() => new Promise<ModelReply>(() => undefined));
    await startJudge(world, first);
    await world.bus.log.append([judgement('t1')]);
    await vi.waitFor(() => {
      expect(first.requests).toHaveLength(1);
    });
    running.splice(0);

    const second = createScriptedModel(() => says('pass'));
    await startJudge(world, second);
    await allCommitted(world, 1);
    expect(second.requests).toHaveLength(2);
    const byCall = new Map(world.bus.spend().map((row) => [row.callId, row]));
    const lost = [...byCall.values()].filter(({ status }) => status === 'lost');
    expect(byCall.size).toBe(3);
    expect(lost).toHaveLength(1);
    expect(lost[0]?.settledMicroUsd).toBe(lost[0]?.reservedMicroUsd);
    const total = [...byCall.values()].reduce((sum, row) => sum + row.settledMicroUsd, 0);
    expect(world.state.get(`spent/${DAY}`)).toBe(String(total));
    expect(world.bus.verdicts()[0]).toMatchObject({ outcome: 'pass', costMicroUsd: total });
  });

  it('sends a verdict that may not have been noted as sent again, exactly alike', async () => {
    const world = newWorld();
    const first = createScriptedModel(() => says('pass'));
    const put = world.state.put.bind(world.state);
    const stuck = new Promise<void>(() => undefined);
    world.state.put = (entries) => (entries.some(([key]) => key.startsWith('done/')) ? stuck : put(entries));
    await startJudge(world, first, { clock: clockFrom(`${DAY}T12:00:00Z`) });
    await world.bus.log.append([judgement('t1')]);
    await verdictCount(world, 1);
    running.splice(0);

    world.state.put = put;
    await startJudge(world, first, { clock: clockFrom(`${DAY}T18:00:00Z`) });
    await allCommitted(world, 1);
    const [before, after] = world.bus.verdicts();
    expect(after).toEqual(before);
    expect(first.requests).toHaveLength(2);
  });

  it('answers a judgement that comes again from memory, at no cost', async () => {
    const world = newWorld();
    const model = createScriptedModel(() => says('pass'));
    await startJudge(world, model);
    await world.bus.log.append([judgement('t1'), judgement('t1'), judgement('t1')]);
    await allCommitted(world, 3);
    expect(world.bus.verdicts()).toHaveLength(1);
    expect(model.requests).toHaveLength(2);
  });

  it('judges again under another judge hash', async () => {
    const world = newWorld();
    const { judge } = await startJudge(
      world,
      createScriptedModel(() => says('pass')),
    );
    await world.bus.log.append([judgement('t1')]);
    await allCommitted(world, 1);
    await judge.stop(NEVER);
    await startJudge(
      world,
      createScriptedModel(() => says('pass')),
      { settings: { votes: 1 } },
    );
    await world.bus.log.append([judgement('t1')]);
    await allCommitted(world, 2);
    const [one, two] = world.bus.verdicts();
    expect(one?.judgeHash).not.toBe(two?.judgeHash);
    expect(one?.evalId).not.toBe(two?.evalId);
  });

  it('keeps nothing of a finished evaluation but its name, and that for the retention only', async () => {
    const world = newWorld();
    const { judge } = await startJudge(
      world,
      createScriptedModel(() => says('pass')),
    );
    await world.bus.log.append([judgement('t1')]);
    await allCommitted(world, 1);
    await judge.stop(NEVER);
    const kinds = () => [...world.state.entries.keys()].map((key) => key.split('/')[0]);
    expect(kinds().sort()).toEqual(['done', 'spent']);
    await startJudge(world, undefined, { clock: clockFrom('2026-12-24T12:00:00Z') });
    expect(kinds()).toEqual([]);
  });
});

describe('the queue of judgements', () => {
  it('commits nothing past a judgement that is still in work', async () => {
    const world = newWorld();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const model = createScriptedModel(async (request) => {
      if (request.user.includes('slow one')) await held;
      return says('pass');
    });
    await startJudge(world, model);
    const slow = { ...EVIDENCE, sections: [...EVIDENCE.sections, { title: 'step 1: tool', text: 'slow one' }] };
    await world.bus.log.append([
      judgement('t0'),
      judgement('t1', { evidence: slow }),
      judgement('t2'),
      judgement('t3'),
    ]);
    await verdictCount(world, 3);
    expect(world.bus.committed()).toBe(1);
    release();
    await allCommitted(world, 4);
  });

  it('holds at most its concurrency in work', async () => {
    const world = newWorld();
    let inFlight = 0;
    let most = 0;
    const model = createScriptedModel(async () => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      await new Promise((resolve) => setImmediate(resolve));
      inFlight -= 1;
      return says('pass');
    });
    await startJudge(world, model, { settings: { concurrency: 3 } });
    await world.bus.log.append(Array.from({ length: 30 }, (_, index) => judgement(`t${index}`)));
    await allCommitted(world, 30);
    expect(most).toBe(3);
  });

  it('moves on past a record that is no judgement', async () => {
    const world = newWorld();
    await startJudge(
      world,
      createScriptedModel(() => says('pass')),
    );
    const broken: LogRecord = { topic: 'judgements', key: 'x', value: new TextEncoder().encode('{"decision":1}') };
    await world.bus.log.append([broken, judgement('t1')]);
    await allCommitted(world, 2);
    expect(world.bus.verdicts()).toHaveLength(1);
  });

  it('waits for a bus that is away, and buys nothing twice meanwhile', async () => {
    const world = newWorld();
    let failures = 3;
    world.bus.beforeAppend((records) => {
      if (records.some(({ topic }) => topic === 'verdicts') && failures > 0) {
        failures -= 1;
        return Promise.reject(new PipelineError('BUS_UNAVAILABLE', 'away'));
      }
      return Promise.resolve();
    });
    const model = createScriptedModel(() => says('pass'));
    await startJudge(world, model);
    await world.bus.log.append([judgement('t1')]);
    await allCommitted(world, 1);
    expect(world.bus.verdicts()).toHaveLength(1);
    expect(model.requests).toHaveLength(2);
  });

  it('answers with an error what breaks the judge itself', async () => {
    const world = newWorld();
    const model = createScriptedModel(() => {
      throw new TypeError('a defect');
    });
    await startJudge(world, model);
    await world.bus.log.append([judgement('t1')]);
    await allCommitted(world, 1);
    expect(world.bus.verdicts()[0]).toMatchObject({ outcome: 'error', reason: 'the judge itself failed: a defect' });
  });

  it('finishes the call in flight when it stops, and begins no other', async () => {
    const world = newWorld();
    let answer = (): void => undefined;
    const model = createScriptedModel(
      () =>
        new Promise<ModelReply>((resolve) => {
          answer = () => {
            resolve(says('pass'));
          };
        }),
    );
    const { judge } = await startJudge(world, model);
    await world.bus.log.append([judgement('t1')]);
    await vi.waitFor(() => {
      expect(model.requests).toHaveLength(1);
    });
    const stopped = judge.stop(NEVER);
    answer();
    await stopped;
    expect(model.requests).toHaveLength(1);
    expect([...world.state.entries.values()].filter((text) => text.includes('"replied"'))).toHaveLength(1);
    expect([world.bus.verdicts().length, world.bus.committed()]).toEqual([0, 0]);
  });

  it('stops twice, and before it was started', async () => {
    const { bus, state } = newWorld();
    const judge = createJudge(judgesConfig.parse({}), {
      ...{ log: bus.log, state, model: undefined, rubrics: RUBRICS, clock: systemClock, random: Math.random },
      ...{ logger: silentLogger, metrics: noMetrics, announce: () => undefined },
    });
    await judge.stop(NEVER);
    await judge.stop(NEVER);
    expect(state.entries.size).toBe(0);
  });
});
