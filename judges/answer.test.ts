import { afterEach, describe, expect, it, vi } from 'vitest';
import { keyedUniform } from '../core/keyed-hash.js';
import type { Metrics } from '../core/metrics.js';
import type { ModelReply } from '../core/model.js';
import {
  allCommitted,
  breaks,
  clockFrom,
  createScriptedModel,
  DAY,
  EVIDENCE,
  judgement,
  judgementOf,
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

/** Never audits. */
const CACHED = { cache: { auditRatio: 0 } };
const AUDITED = { cache: { auditRatio: 1 } };
const [rubric] = RUBRICS;

/** One after the other, each committed before the next comes. */
async function judgeInTurn(world: World, ...records: readonly ReturnType<typeof judgement>[]): Promise<void> {
  for (const record of records) {
    const before = world.bus.committed();
    await world.bus.log.append([record]);
    await allCommitted(world, before + 1);
  }
}

function countingMetrics() {
  const counts = new Map<string, number>();
  const counter: Metrics['counter'] = (name) => ({
    add(amount, labels) {
      const key = [name, ...Object.values(labels ?? {})].join(' ');
      counts.set(key, (counts.get(key) ?? 0) + amount);
    },
  });
  const metrics: Metrics = {
    counter,
    gauge: () => ({ set: () => undefined }),
    histogram: () => ({ observe: () => undefined }),
  };
  const cache = () =>
    Object.fromEntries(
      [...counts].flatMap(([key, n]) => (key.includes('cache') ? [[key.slice('assay_judges_cache_'.length), n]] : [])),
    );
  return { metrics, cache };
}

const kept = ({ state }: World) => [...state.entries.keys()].filter((key) => key.startsWith('cache/entry/'));

describe('the cache of verdicts', () => {
  it('answers the same evidence again at no cost, with the votes and quotes, and says from where', async () => {
    const world = newWorld();
    const { metrics, cache } = countingMetrics();
    const model = createScriptedModel(() => says('fail'));
    await startJudge(world, model, { settings: CACHED, metrics });
    await judgeInTurn(world, judgement('t1'), judgement('t2'));
    const [first, second] = world.bus.verdicts();
    expect(model.requests).toHaveLength(2);
    expect(first).toMatchObject({ fromCache: false, costMicroUsd: 2200, cacheAudit: '' });
    expect(second).toMatchObject({
      ...{ traceId: 't2', outcome: 'fail', fromCache: true, costMicroUsd: 0, inputTokens: 0, outputTokens: 0 },
      ...{ latencyMs: 0, quotes: [QUOTE], explanation: 'It is a fail.', confidence: 1, provider: 'openai' },
      ...{ model: 'scripted-2026', judgeHash: first?.judgeHash, pi: 0.5, cacheAudit: '' },
      reason: `exactly this evidence was judged on trace t1 at ${new Date(first?.judgedAtMs ?? 0).toISOString()}`,
    });
    expect(second?.votes.map(({ costMicroUsd, quotes }) => [costMicroUsd, quotes])).toEqual([
      [0, [QUOTE]],
      [0, [QUOTE]],
    ]);
    expect(second?.evalId).not.toBe(first?.evalId);
    expect(world.bus.spend()).toHaveLength(2);
    expect(cache()).toEqual({ misses_total: 1, hits_total: 1 });
  });

  it.each([
    ['other evidence', { evidence: { ...EVIDENCE, sections: EVIDENCE.sections.slice(0, 1) } }, {}],
    ['another tenant', { decision: { ...judgementOf('t2').decision, tenant: 'other' } }, {}],
    ['another instrument', {}, { votes: 1 }],
  ])('asks again for %s', async (_, change, settings) => {
    const world = newWorld();
    const model = createScriptedModel(() => says('pass'));
    const { judge } = await startJudge(world, model, { settings: CACHED });
    await judgeInTurn(world, judgement('t1'));
    await judge.stop(NEVER);
    await startJudge(world, model, { settings: { ...CACHED, ...settings } });
    const before = model.requests.length;
    await judgeInTurn(world, judgement('t2', change));
    expect(model.requests.length).toBeGreaterThan(before);
    expect(world.bus.verdicts()[1]).toMatchObject({ fromCache: false });
  });

  it('holds over a restart, and no longer than its time, which a hit does not renew', async () => {
    const world = newWorld();
    const model = createScriptedModel(() => says('pass'));
    const at = (hour: number) => clockFrom(new Date(Date.parse(`${DAY}T00:00:00Z`) + hour * 3_600_000).toISOString());
    const settings = { cache: { auditRatio: 0, ttlHours: 10 } };
    const start = async (hour: number) => (await startJudge(world, model, { settings, clock: at(hour) })).judge;
    for (const [hour, trace] of [
      [0, 't1'],
      [9, 't2'],
      [11, 't3'],
    ] as const) {
      const judge = await start(hour);
      await judgeInTurn(world, judgement(trace));
      await judge.stop(NEVER);
    }
    expect(world.bus.verdicts().map(({ fromCache }) => fromCache)).toEqual([false, true, false]);
  });

  it.each([
    ['an abstention', () => says('abstain', { quotes: [] }), {}],
    ['an error', () => breaks('MODEL_REFUSED'), {}],
    ['one that there was no money for', () => says('pass'), { dailyBudgetUsd: 0.0001 }],
  ])('keeps no verdict that is %s', async (_, script, settings) => {
    const world = newWorld();
    await startJudge(world, createScriptedModel(script), { settings: { ...CACHED, ...settings } });
    await judgeInTurn(world, judgement('t1'), judgement('t2'));
    expect(world.bus.verdicts().map(({ fromCache }) => fromCache)).toEqual([false, false]);
    expect(kept(world)).toEqual([]);
  });

  it('is asked before the budget: what is known is answered without money', async () => {
    const world = newWorld();
    const model = createScriptedModel(() => says('pass'));
    const { judge } = await startJudge(world, model, { settings: CACHED });
    await judgeInTurn(world, judgement('t1'));
    await judge.stop(NEVER);
    await startJudge(world, model, { settings: { ...CACHED, dailyBudgetUsd: 0.0001 } });
    await judgeInTurn(world, judgement('t2'));
    expect(world.bus.verdicts()[1]).toMatchObject({ outcome: 'pass', fromCache: true });
  });

  it('keeps nothing and finds nothing when it is off', async () => {
    const world = newWorld();
    const { metrics, cache } = countingMetrics();
    const model = createScriptedModel(() => says('pass'));
    await startJudge(world, model, { settings: { cache: { enabled: false } }, metrics });
    await judgeInTurn(world, judgement('t1'), judgement('t2'));
    expect(model.requests).toHaveLength(4);
    expect([kept(world), cache()]).toEqual([[], {}]);
  });

  it('loses its oldest when they are too many, and all marks with them', async () => {
    const world = newWorld();
    const model = createScriptedModel(() => says('pass'));
    const settings = { cache: { auditRatio: 0, maxEntries: 2 } };
    const clock = clockFrom(`${DAY}T12:00:00Z`);
    const { judge } = await startJudge(world, model, { settings, clock });
    for (const trace of ['t1', 't2', 't3']) {
      clock.shiftMs += 1000;
      await judgeInTurn(world, judgement(trace, { evidence: about(trace) }));
    }
    await judge.stop(NEVER);
    expect(kept(world)).toHaveLength(3);
    await startJudge(world, model, { settings });
    expect(kept(world)).toHaveLength(2);
    expect([...world.state.entries.keys()].filter((key) => key.startsWith('cache/'))).toHaveLength(6);
    await judgeInTurn(world, judgement('t4', { evidence: about('t3') }), judgement('t5', { evidence: about('t1') }));
    expect(world.bus.verdicts().map(({ fromCache }) => fromCache)).toEqual([false, false, false, true, false]);
  });
});

/** Evidence like no other trace's. */
const about = (word: string) => ({
  ...EVIDENCE,
  sections: [...EVIDENCE.sections, { title: 'step 1: tool', text: `name: ${word}` }],
});

describe('the same question in flight', () => {
  it('is waited for and not bought twice', async () => {
    const world = newWorld();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const model = createScriptedModel(async () => {
      await held;
      return says('pass');
    });
    await startJudge(world, model, { settings: CACHED });
    await world.bus.log.append(['t1', 't2', 't3', 't4'].map((id) => judgement(id)));
    await vi.waitFor(() => {
      expect(model.requests).toHaveLength(1);
    });
    release();
    await allCommitted(world, 4);
    expect(model.requests).toHaveLength(2);
    expect(world.bus.verdicts().map(({ fromCache }) => fromCache)).toEqual([false, true, true, true]);
  });

  it('is asked by all who waited, at once, when the answer is not one to keep', async () => {
    const world = newWorld();
    let inFlight = 0;
    let most = 0;
    const model = createScriptedModel(async () => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      await new Promise((resolve) => setImmediate(resolve));
      inFlight -= 1;
      return says('abstain', { quotes: [] });
    });
    await startJudge(world, model, { settings: CACHED });
    await world.bus.log.append(['t1', 't2', 't3', 't4'].map((id) => judgement(id)));
    await allCommitted(world, 4);
    expect(most).toBe(3);
    expect(world.bus.verdicts().map(({ outcome }) => outcome)).toEqual(Array(4).fill('abstain'));
  });
});

describe('a hit that is judged all the same', () => {
  it.each(['agreed', 'flipped'] as const)('counts as the judge says now, and says that the two %s', async (result) => {
    const world = newWorld();
    const { metrics, cache } = countingMetrics();
    const later = result === 'agreed' ? 'pass' : 'fail';
    const model = createScriptedModel((_, call) => says(call <= 2 ? 'pass' : later));
    await startJudge(world, model, { settings: AUDITED, metrics });
    await judgeInTurn(world, judgement('t1'), judgement('t2'));
    expect(world.bus.verdicts()[1]).toMatchObject({
      ...{ outcome: later, fromCache: false, cacheAudit: result, costMicroUsd: 2200, audit: false },
    });
    expect(cache()).toEqual({ misses_total: 1, [`audits_total ${result}`]: 1 });
  });

  it('is kept in place of what was there', async () => {
    const world = newWorld();
    const model = createScriptedModel((_, call) => says(call <= 2 ? 'pass' : 'fail'));
    const { judge } = await startJudge(world, model, { settings: AUDITED });
    await judgeInTurn(world, judgement('t1'), judgement('t2'));
    await judge.stop(NEVER);
    await startJudge(world, model, { settings: CACHED });
    await judgeInTurn(world, judgement('t3'));
    expect(world.bus.verdicts()[2]).toMatchObject({ outcome: 'fail', fromCache: true });
    expect(world.bus.verdicts()[2]?.reason).toMatch(/on trace t2 /);
    expect([...world.state.entries.keys()].filter((key) => key.startsWith('cache/'))).toHaveLength(3);
  });

  it('is an ordinary hit when there is no money for it', async () => {
    const world = newWorld();
    const model = createScriptedModel(() => says('pass'));
    const { judge } = await startJudge(world, model, { settings: AUDITED });
    await judgeInTurn(world, judgement('t1'));
    await judge.stop(NEVER);
    await startJudge(world, model, { settings: { ...AUDITED, dailyBudgetUsd: 0.0001 } });
    await judgeInTurn(world, judgement('t2'));
    expect(world.bus.verdicts()[1]).toMatchObject({ outcome: 'pass', fromCache: true, cacheAudit: '' });
  });

  it('is drawn by the id of the evaluation, at the share that is set', async () => {
    const world = newWorld();
    const model = createScriptedModel(() => says('pass'));
    await startJudge(world, model, { settings: { cache: { auditRatio: 0.2 } } });
    await judgeInTurn(world, judgement('t0'));
    await world.bus.log.append(Array.from({ length: 200 }, (_, index) => judgement(`u${index}`)));
    await allCommitted(world, 201);
    const later = world.bus.verdicts().slice(1);
    const audited = later.filter(({ cacheAudit }) => cacheAudit === 'agreed');
    expect(audited.map(({ evalId }) => evalId).sort()).toEqual(
      later
        .map(({ evalId }) => evalId)
        .filter((id) => keyedUniform('cache audit', id) < 0.2)
        .sort(),
    );
    expect(audited.length).toBeGreaterThan(20);
    expect(audited.length).toBeLessThan(60);
  });
});

describe('a kill', () => {
  it('between verdict and journal leaves nothing in the cache that a restart could take for another trace', async () => {
    const world = newWorld();
    const model = createScriptedModel(() => says('pass'));
    const put = world.state.put.bind(world.state);
    const stuck = new Promise<void>(() => undefined);
    world.state.put = (entries) => (entries.some(([key]) => key.startsWith('done/')) ? stuck : put(entries));
    await startJudge(world, model, { settings: CACHED });
    await world.bus.log.append([judgement('t1')]);
    await verdictCount(world, 1);
    running.splice(0);

    world.state.put = put;
    await startJudge(world, model, { settings: CACHED });
    await allCommitted(world, 1);
    const [before, after] = world.bus.verdicts();
    expect(after).toEqual(before);
    expect(model.requests).toHaveLength(2);
    expect(kept(world)).toHaveLength(1);
  });

  it('after a first vote was bought has that vote used, though the cache knows the answer meanwhile', async () => {
    const world = newWorld();
    const half = createScriptedModel((_, call) =>
      call === 1 ? says('fail') : new Promise<ModelReply>(() => undefined),
    );
    await startJudge(world, half, { settings: CACHED });
    await world.bus.log.append([judgement('t1')]);
    await vi.waitFor(() => {
      expect(half.requests).toHaveLength(2);
    });
    running.splice(0);

    const model = createScriptedModel(() => says('fail'));
    const { judge } = await startJudge(world, model, { settings: CACHED, attends: false });
    await judge.judgeNow({ judgement: judgementOf('t9'), rubric: rubric! });
    expect(kept(world)).toHaveLength(1);
    await judge.stop(NEVER);
    await startJudge(world, model, { settings: CACHED });
    await allCommitted(world, 1);
    expect(world.bus.verdicts().find(({ traceId }) => traceId === 't1')).toMatchObject({ fromCache: false });
    expect(model.requests).toHaveLength(3);
  });
});

describe("Assay's own spans", () => {
  it('are never judged, whatever was decided, and the verdict says so', async () => {
    const world = newWorld();
    const model = createScriptedModel(() => says('pass'));
    const { judge } = await startJudge(world, model);
    await judgeInTurn(world, judgement('t1', { own: true }));
    const byHand = await judge.judgeNow({ judgement: judgementOf('t1', { own: true }), rubric: rubric! });
    expect(model.requests).toEqual([]);
    for (const verdict of [world.bus.verdicts()[0], byHand]) {
      expect(verdict).toMatchObject({
        ...{ outcome: 'abstain', votes: [], costMicroUsd: 0 },
        reason: 'the trace holds spans of Assay itself, and Assay never judges its own spans',
      });
    }
  });
});
