import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Stratum } from '../core/decision.js';
import type { LogRecord } from '../core/log.js';
import type { ModelReply } from '../core/model.js';
import {
  allCommitted,
  breaks,
  createScriptedModel,
  DAY,
  judgement,
  judgementOf,
  newWorld,
  QUOTE,
  running,
  says,
  startJudge,
  stopJudges,
  type Change,
  type World,
} from './world.test-support.js';

afterEach(stopJudges);

type Script = Parameters<typeof createScriptedModel>[0];
type Scripted = ReturnType<typeof createScriptedModel>;

/** A dearer model of another provider. */
const createConfirmer = (script: Script): Scripted => ({
  ...createScriptedModel(script),
  ...{ provider: 'anthropic', name: 'strong', baseUrl: 'http://127.0.0.1:2' },
  price: { inputUsdPerMillion: 5, outputUsdPerMillion: 25, version: 'dear' },
});

const second = (verdict: string, change: object = {}): ModelReply => ({
  ...says(verdict, { explanation: `The second says ${verdict}.`, ...change }),
  model: 'strong-2026',
});

const of = (stratum: Stratum, traceId = 't1'): LogRecord =>
  judgement(traceId, { decision: { ...judgementOf(traceId).decision, stratum } });

interface Judged {
  readonly first: Scripted;
  readonly confirm: Scripted;
  readonly record?: LogRecord;
  readonly settings?: object;
}

/** Judges one trace, an unsuspected one unless it says otherwise, and returns its verdict. */
async function judgeOne({ first, confirm, record = of('unsuspected'), settings = {} }: Judged) {
  const world = newWorld();
  const { announced } = await startJudge(world, first, { confirm, settings });
  await world.bus.log.append([record]);
  await allCommitted(world, 1);
  return { ...world.bus.verdicts()[0]!, world, announced };
}

const fails = (): Scripted => createScriptedModel(() => says('fail'));
const replied = ({ state }: World): number =>
  [...state.entries.values()].filter((text) => text.includes('"replied"')).length;

/** Lets no verdict reach the bus, as if the process died before. */
const stick = ({ bus }: World): void => {
  bus.beforeAppend((records) =>
    records.some(({ topic }) => topic === 'verdicts') ? new Promise<void>(() => undefined) : Promise.resolve(),
  );
};

describe('a fail that a second judge is asked about', () => {
  it('stands when it fails too, with the votes of both', async () => {
    const first = fails();
    const confirm = createConfirmer(() => second('fail'));
    const verdict = await judgeOne({ first, confirm });
    expect([first.requests.length, confirm.requests.length]).toEqual([2, 1]);
    expect(verdict).toMatchObject({
      ...{ outcome: 'fail', confidence: 1, disputed: false, reason: '', quotes: [QUOTE] },
      ...{ explanation: 'The second says fail.', provider: 'anthropic', model: 'strong-2026' },
    });
    expect(verdict.votes.map(({ model, outcome, confirms }) => [model, outcome, confirms])).toEqual([
      ['scripted-2026', 'fail', undefined],
      ['scripted-2026', 'fail', undefined],
      ['strong-2026', 'fail', true],
    ]);
  });

  it('is a pass when it passes, and is marked as disputed', async () => {
    const verdict = await judgeOne({ first: fails(), confirm: createConfirmer(() => second('pass')) });
    expect(verdict).toMatchObject({
      ...{ outcome: 'pass', confidence: 1 / 3, disputed: true, explanation: 'The second says pass.' },
      ...{ provider: 'anthropic', model: 'strong-2026' },
      reason:
        'the first judge failed it, and anthropic strong, asked whether it did, did not confirm that; the two disagree',
    });
    expect(verdict.votes).toHaveLength(3);
  });

  it('has a second judge that is sent the same question under a nonce of its own, and nothing of the first answer', async () => {
    const first = fails();
    const confirm = createConfirmer(() => second('pass'));
    await judgeOne({ first, confirm });
    const [asked, again] = [first.requests[0]!, confirm.requests[0]!];
    expect({ ...again, user: '' }).toEqual({ ...asked, user: '' });
    expect(again.user).not.toBe(asked.user);
    expect(again.user).not.toContain('It is a fail.');
  });

  it('costs what both cost, each call in the ledger under its own provider, model and price', async () => {
    const { world, costMicroUsd } = await judgeOne({ first: fails(), confirm: createConfirmer(() => second('fail')) });
    const spend = world.bus.spend();
    expect(spend.map((row) => [row.provider, row.model, row.priceVersion, row.settledMicroUsd])).toEqual([
      ['openai', 'scripted', 'test', 1100],
      ['openai', 'scripted', 'test', 1100],
      ['anthropic', 'strong', 'dear', 5500],
    ]);
    expect(new Set(spend.map(({ callId }) => callId)).size).toBe(3);
    expect(costMicroUsd).toBe(7700);
    expect(world.state.get(`spent/${DAY}`)).toBe('7700');
  });

  it('is announced with both models and their prices, once, before the first call', async () => {
    let announcedBefore: readonly string[] = [];
    const world = newWorld();
    const first = createScriptedModel((_, call) => {
      if (call === 1) announcedBefore = [...announced];
      return says('fail');
    });
    const { announced } = await startJudge(world, first, { confirm: createConfirmer(() => second('fail')) });
    await world.bus.log.append([of('unsuspected')]);
    await allCommitted(world, 1);
    expect(announcedBefore).toEqual(announced);
    expect(announced).toHaveLength(1);
    expect(announced[0]).toMatch(
      /^Judging with openai model scripted at .*\$1 in and \$5 out.*; fails of unsuspected traces go to anthropic model strong at http:\/\/127\.0\.0\.1:2, \$5 in and \$25 out per million tokens \(price: dear\) too, capped/,
    );
  });

  it('is void when it is told with quotes that are not there, asked once more, and then unconfirmed', async () => {
    const confirm = createConfirmer(() => second('fail', { quotes: ['made up, made up'] }));
    const verdict = await judgeOne({ first: fails(), confirm });
    expect(confirm.requests).toHaveLength(2);
    expect(verdict).toMatchObject({ outcome: 'fail', confidence: 1, disputed: false, provider: 'openai' });
    expect(verdict.reason).toMatch(/^the first judge's fail stands unconfirmed: anthropic strong gave no answer: uns/);
  });
});

describe('a fail that nobody confirmed', () => {
  it('stands when the second judge abstains, and says so', async () => {
    const confirm = createConfirmer(() => second('abstain', { quotes: [] }));
    expect(await judgeOne({ first: fails(), confirm })).toMatchObject({
      ...{ outcome: 'fail', confidence: 2 / 3, disputed: false, explanation: 'It is a fail.', model: 'scripted-2026' },
      reason: "the first judge's fail stands unconfirmed: anthropic strong abstained: The second says abstain.",
    });
  });

  it('stands when the second judge refuses, which is no trouble of the first one', async () => {
    const confirm = createConfirmer(() => breaks('MODEL_REFUSED'));
    const { announced, ...verdict } = await judgeOne({ first: fails(), confirm });
    expect(verdict).toMatchObject({ outcome: 'fail', confidence: 1, costMicroUsd: 2200, provider: 'openai' });
    expect(verdict.reason).toContain('gave no answer: the provider said MODEL_REFUSED');
    expect(announced.at(-1)).toMatch(
      /^The judge that confirms fails, anthropic model strong, does not .* fails stand as the first judge said/,
    );
  });

  it('stands when the second judge stays away longer than is waited for it', async () => {
    const confirm = createConfirmer(() => breaks('MODEL_UNREACHABLE'));
    const settings = { confirm: { giveUpAfterMs: 50 } };
    const { announced, ...verdict } = await judgeOne({ first: fails(), confirm, settings });
    expect(verdict).toMatchObject({ outcome: 'fail', costMicroUsd: 2200, disputed: false });
    expect(verdict.reason).toMatch(/anthropic strong gave no answer: no answer within 50 ms, last: the provider said/);
    expect(announced.at(-1)).toContain('Judgements wait and are tried again, each vote for up to 0.05 s.');
  });

  it('stands when the budget does not hold the second call', async () => {
    const confirm = createConfirmer(() => second('pass'));
    // Holds the first judge's calls, and not the worst case of a call at five times the price.
    const verdict = await judgeOne({ first: fails(), confirm, settings: { dailyBudgetUsd: 0.02 } });
    expect(confirm.requests).toHaveLength(0);
    expect(verdict).toMatchObject({ outcome: 'fail', disputed: false, costMicroUsd: 2200 });
    expect(verdict.votes).toHaveLength(2);
    expect(verdict.reason).toMatch(
      /^the first judge's fail stands unconfirmed: the daily judge budget of \$0\.02 does/,
    );
  });

  it('is not kept to be used again: the same evidence is judged anew', async () => {
    const world = newWorld();
    const first = fails();
    const confirm = createConfirmer((_, call) =>
      second(call === 1 ? 'abstain' : 'pass', call === 1 ? { quotes: [] } : {}),
    );
    await startJudge(world, first, { confirm, settings: CACHED });
    await world.bus.log.append([of('unsuspected', 't1')]);
    await allCommitted(world, 1);
    await world.bus.log.append([of('unsuspected', 't2')]);
    await allCommitted(world, 2);
    expect(world.bus.verdicts().map(({ outcome, fromCache }) => [outcome, fromCache])).toEqual([
      ['fail', false],
      ['pass', false],
    ]);
  });
});

const CACHED = { cache: { enabled: true, auditRatio: 0 } };

describe('what no second judge is asked about', () => {
  it.each(['suspected', 'incomplete', 'settled'] as const)('is a fail of a trace that is %s', async (stratum) => {
    const confirm = createConfirmer(() => second('pass'));
    expect(await judgeOne({ first: fails(), confirm, record: of(stratum) })).toMatchObject({
      ...{ outcome: 'fail', disputed: false, provider: 'openai', reason: '' },
    });
    expect(confirm.requests).toHaveLength(0);
  });

  it.each(['pass', 'abstain'])('is a %s', async (outcome) => {
    const confirm = createConfirmer(() => second('fail'));
    const first = createScriptedModel(() => says(outcome, outcome === 'abstain' ? { quotes: [] } : {}));
    expect(await judgeOne({ first, confirm })).toMatchObject({ outcome });
    expect(confirm.requests).toHaveLength(0);
  });

  it('is another stratum than the settings name', async () => {
    const confirm = createConfirmer(() => second('pass'));
    const settings = { confirm: { strata: ['suspected'] } };
    expect(await judgeOne({ first: fails(), confirm, settings })).toMatchObject({ outcome: 'fail' });
    expect(await judgeOne({ first: fails(), confirm, settings, record: of('suspected') })).toMatchObject({
      ...{ outcome: 'pass', disputed: true },
    });
  });
});

describe('the whole ladder', () => {
  it('is another judge with a second model, with another one, and with other strata', async () => {
    const hashOf = async (change: Change = {}): Promise<string> => {
      const world = newWorld();
      await startJudge(world, fails(), change);
      await world.bus.log.append([of('suspected')]);
      await allCommitted(world, 1);
      return world.bus.verdicts()[0]!.judgeHash;
    };
    const confirm = createConfirmer(() => second('fail'));
    const without = await hashOf();
    const hashes = [
      without,
      await hashOf({ confirm }),
      await hashOf({ confirm: { ...confirm, name: 'other' } }),
      await hashOf({ confirm: { ...confirm, parameters: { maxOutputTokens: 50 } } }),
      await hashOf({ confirm, settings: { confirm: { strata: ['suspected'] } } }),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
    // Without a second model the strata are nobody's.
    expect(await hashOf({ settings: { confirm: { strata: ['suspected'] } } })).toBe(without);
  });

  it('is what the cache keeps, the dispute too, and keeps apart from what was judged without a second judge', async () => {
    const world = newWorld();
    const first = fails();
    const confirm = createConfirmer(() => second('pass'));
    await startJudge(world, first, { confirm, settings: CACHED });
    const strata = ['unsuspected', 'suspected', 'unsuspected', 'suspected'] as const;
    for (const [index, stratum] of strata.entries()) {
      await world.bus.log.append([of(stratum, `t${index}`)]);
      await allCommitted(world, index + 1);
    }
    expect(world.bus.verdicts().map(({ outcome, fromCache, disputed }) => [outcome, fromCache, disputed])).toEqual([
      ['pass', false, true],
      ['fail', false, false],
      ['pass', true, true],
      ['fail', true, false],
    ]);
    expect(world.bus.verdicts()[2]).toMatchObject({ provider: 'anthropic', model: 'strong-2026', costMicroUsd: 0 });
    expect([first.requests.length, confirm.requests.length]).toEqual([4, 1]);
  });
});

describe('an audit of the cache', () => {
  const AUDITED = { cache: { enabled: true, auditRatio: 1 } };
  const twice = async (again: () => ModelReply) => {
    const world = newWorld();
    const confirm = createConfirmer((_, call) => (call === 1 ? second('pass') : again()));
    await startJudge(world, fails(), { confirm, settings: AUDITED });
    for (const number of [1, 2]) {
      await world.bus.log.append([of('unsuspected', `t${number}`)]);
      await allCommitted(world, number);
    }
    return world.bus.verdicts()[1]!;
  };

  it('compares what whole ladders say', async () => {
    expect(await twice(() => second('fail'))).toMatchObject({
      outcome: 'fail',
      fromCache: false,
      cacheAudit: 'flipped',
    });
  });

  it('says nothing where the second judge does not: what was kept stands', async () => {
    expect(await twice(() => breaks('MODEL_REFUSED'))).toMatchObject({
      ...{ outcome: 'pass', fromCache: true, disputed: true, cacheAudit: '' },
    });
  });
});

describe('a restart', () => {
  it('between the first judge and the second buys no vote of the first one again', async () => {
    const world = newWorld();
    const hanging = createConfirmer(() => new Promise<ModelReply>(() => undefined));
    await startJudge(world, fails(), { confirm: hanging });
    await world.bus.log.append([of('unsuspected')]);
    await vi.waitFor(() => {
      expect(hanging.requests).toHaveLength(1);
    });
    running.splice(0);

    const first = createScriptedModel(() => says('pass'));
    const confirm = createConfirmer(() => second('fail'));
    const { announced } = await startJudge(world, first, { confirm });
    await allCommitted(world, 1);
    expect([first.requests.length, confirm.requests.length]).toEqual([0, 1]);
    expect(announced).toHaveLength(1);
    const byCall = new Map(world.bus.spend().map((row) => [row.callId, row]));
    expect([...byCall.values()].map(({ provider, status }) => [provider, status])).toEqual([
      ['openai', 'settled'],
      ['openai', 'settled'],
      ['anthropic', 'lost'],
      ['anthropic', 'settled'],
    ]);
    const total = [...byCall.values()].reduce((sum, row) => sum + row.settledMicroUsd, 0);
    expect(world.state.get(`spent/${DAY}`)).toBe(String(total));
    expect(world.bus.verdicts()[0]).toMatchObject({ outcome: 'fail', costMicroUsd: total });
  });

  it('after the second judge answered buys nothing at all, and says what was said', async () => {
    const world = newWorld();
    stick(world);
    await startJudge(world, fails(), { confirm: createConfirmer(() => second('pass')) });
    await world.bus.log.append([of('unsuspected')]);
    await vi.waitFor(() => {
      expect(replied(world)).toBe(3);
    });
    running.splice(0);

    world.bus.beforeAppend();
    const [first, confirm] = [fails(), createConfirmer(() => second('fail'))];
    await startJudge(world, first, { confirm });
    await allCommitted(world, 1);
    expect([first.requests.length, confirm.requests.length]).toEqual([0, 0]);
    expect(world.bus.verdicts()[0]).toMatchObject({ outcome: 'pass', disputed: true, costMicroUsd: 7700 });
  });
});
