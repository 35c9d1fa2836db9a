import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../core/clock.js';
import type { ModelReply } from '../core/model.js';
import { previewCall } from './preview-call.js';
import { worstCaseMicroUsd } from './pricing.js';
import { testRubric, toTracelessJudgement } from './test-rubric.js';
import {
  allCommitted,
  clockFrom,
  createScriptedModel,
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

const CACHED = { cache: { auditRatio: 1 } };
const rubric = RUBRICS[0]!;
const ask = (traceId = 't1') => ({ judgement: judgementOf(traceId), rubric });
const textHeld = ({ state }: World) => [...state.entries].filter(([, value]) => value.includes(QUOTE)).length;

describe('a judgement by hand', () => {
  it('is on the bus with its money, marked, parented to the root, and enters no rate', async () => {
    const world = newWorld();
    const model = createScriptedModel(() => says('fail'));
    const { judge } = await startJudge(world, model, { settings: CACHED });
    const verdict = await judge.judgeNow(ask());
    expect(verdict).toMatchObject({
      ...{ traceId: 't1', outcome: 'fail', byHand: true, audit: true, fromCache: false, costMicroUsd: 2200 },
      ...{ spanId: '00f067aa0ba902b7', quotes: [QUOTE], criterion: 'task-completion' },
    });
    expect(world.bus.verdicts()).toEqual([verdict]);
    expect(world.bus.spend().map(({ evalId }) => evalId)).toEqual([verdict.evalId, verdict.evalId]);
  });

  it('is one of its own each time, beside the verdict of the flow', async () => {
    const world = newWorld();
    const model = createScriptedModel(() => says('pass'));
    const { judge } = await startJudge(world, model, { settings: CACHED });
    await world.bus.log.append([judgement('t1')]);
    await allCommitted(world, 1);
    const first = await judge.judgeNow(ask());
    const second = await judge.judgeNow({ ...ask(), fresh: true });
    expect(new Set(world.bus.verdicts().map(({ evalId }) => evalId)).size).toBe(3);
    expect([first, second].map(({ fromCache, cacheAudit }) => [fromCache, cacheAudit])).toEqual([
      [true, ''],
      [false, ''],
    ]);
    expect(model.requests).toHaveLength(4);
    expect(world.bus.verdicts()[0]).toMatchObject({ byHand: false, audit: false });
  });

  it('does not take the place of what the flow would find, however often it is asked', async () => {
    const world = newWorld();
    const model = createScriptedModel((_, call) => says(call <= 2 ? 'fail' : 'pass'));
    const { judge } = await startJudge(world, model, { settings: { cache: { auditRatio: 0 } } });
    await world.bus.log.append([judgement('t1')]);
    await allCommitted(world, 1);
    expect(await judge.judgeNow({ ...ask(), fresh: true })).toMatchObject({ outcome: 'pass', fromCache: false });
    await world.bus.log.append([judgement('t2')]);
    await allCommitted(world, 2);
    expect(world.bus.verdicts().at(-1)).toMatchObject({ traceId: 't2', outcome: 'fail', fromCache: true });
  });

  it('is charged to the same budget', async () => {
    const world = newWorld();
    const model = createScriptedModel(() => says('pass'));
    const { judge } = await startJudge(world, model, { settings: { dailyBudgetUsd: 0.0001 } });
    expect(await judge.judgeNow(ask())).toMatchObject({ outcome: 'shed_budget' });
    expect(model.requests).toEqual([]);
  });

  it('needs no loop: a judge that does not attend leaves the bus as it is', async () => {
    const world = newWorld();
    await world.bus.log.append([judgement('t1')]);
    const model = createScriptedModel(() => says('pass'));
    const { judge } = await startJudge(world, model, { attends: false });
    await judge.judgeNow(ask('t2'));
    await judge.stop(NEVER);
    expect([world.bus.committed(), world.bus.verdicts().map(({ traceId }) => traceId)]).toEqual([0, ['t2']]);
    await expect(judge.judgeNow(ask())).rejects.toMatchObject({ code: 'BUS_CLOSED' });
  });

  it('of an example is told to nobody, but for what it cost', async () => {
    const world = newWorld();
    const model = createScriptedModel(() => says('pass', { quotes: ['two seats on the first train'] }));
    const { judge } = await startJudge(world, model, { settings: CACHED });
    const outcome = await testRubric(RUBRICS[1]!, (evidence, shown) =>
      judge.judgeNow({ judgement: toTracelessJudgement(evidence, shown.criterion, 1000), rubric: shown }),
    );
    expect(outcome).toMatchObject({ right: 1, wrong: 1, errors: 0, costMicroUsd: 4400 });
    expect([world.bus.verdicts().length, world.bus.spend().length]).toEqual([0, 4]);
    expect(new Set(model.requests.map(({ system }) => system)).size).toBe(2);
    expect([...world.state.entries.keys()].map((key) => key.split('/')[0])).toEqual(['spent', 'done', 'done']);
  });
});

describe('forget', () => {
  it('removes the kept verdicts that these traces are the origin of, and no other', async () => {
    const world = newWorld();
    const model = createScriptedModel(() => says('pass'));
    const { judge } = await startJudge(world, model, { settings: CACHED, attends: false });
    await judge.judgeNow(ask('t1'));
    await judge.judgeNow({ ...ask('t2'), judgement: judgementOf('t2', { evidence: longer }) });
    expect(await judge.forget(['t1', 'unknown'])).toBe(1);
    expect(textHeld(world)).toBe(1);
    expect((await judge.judgeNow(ask('t3'))).fromCache).toBe(false);
    const known = judgementOf('t4', { evidence: longer });
    expect((await judge.judgeNow({ judgement: known, rubric })).reason).toMatch(/on trace t2 /);
  });

  it('waits for what is being judged, so that nothing of it comes after', async () => {
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
    const { judge } = await startJudge(world, model, { settings: { ...CACHED, votes: 1 } });
    await world.bus.log.append([judgement('t1')]);
    await vi.waitFor(() => {
      expect(model.requests).toHaveLength(1);
    });
    let over = false;
    const forgotten = judge.forget(['t1']).finally(() => {
      over = true;
    });
    expect(await judge.forget(['t2'])).toBe(0);
    expect(over).toBe(false);
    answer();
    expect(await forgotten).toBe(1);
    await verdictCount(world, 1);
    expect(textHeld(world)).toBe(0);
  });

  it('keeps nothing of what comes of these traces later, also after a restart', async () => {
    const world = newWorld();
    const model = createScriptedModel(() => says('pass'));
    const { judge } = await startJudge(world, model, { settings: CACHED });
    await judge.forget(['t1']);
    await world.bus.log.append([judgement('t1')]);
    await allCommitted(world, 1);
    await judge.stop(NEVER);
    await startJudge(world, model, { settings: CACHED });
    await world.bus.log.append([judgement('t1', { decision: { ...judgementOf('t1').decision, version: 2 } })]);
    await allCommitted(world, 2);
    expect(world.bus.verdicts().map(({ outcome }) => outcome)).toEqual(['pass', 'pass']);
    expect(textHeld(world)).toBe(0);
  });

  it('remembers these traces for as long as verdicts are kept', async () => {
    const world = newWorld();
    const model = createScriptedModel(() => says('pass'));
    const { judge } = await startJudge(world, model, { settings: CACHED });
    await judge.forget(['t1']);
    expect(world.state.entries.size).toBe(1);
    await judge.stop(NEVER);
    await startJudge(world, model, { settings: CACHED, clock: clockFrom('2026-11-29T12:00:00Z') });
    expect(world.state.entries.size).toBe(0);
  });

  it('removes the replies of an evaluation that an earlier process began, and leaves its money spent', async () => {
    const world = newWorld();
    const first = createScriptedModel((_, call) =>
      call === 1 ? says('pass') : new Promise<ModelReply>(() => undefined),
    );
    await startJudge(world, first, { settings: CACHED });
    await world.bus.log.append([judgement('t1')]);
    await vi.waitFor(() => {
      expect(first.requests).toHaveLength(2);
    });
    running.splice(0);
    const spent = [...world.state.entries].filter(([key]) => key.startsWith('spent/'));
    const { judge } = await startJudge(world, undefined, { attends: false });
    expect(textHeld(world)).toBe(1);
    expect(await judge.forget(['t1'])).toBe(2);
    expect([...world.state.entries].filter(([key]) => key !== 'cache/forgotten/t1')).toEqual(spent);
  });
});

const longer = {
  ...EVIDENCE,
  sections: [...EVIDENCE.sections, { title: 'step 1: tool', text: 'name: refund_order' }],
};

describe('previewCall', () => {
  it('shows exactly what would be sent, but for the nonce, and what the budget would set aside', async () => {
    const world = newWorld();
    const model = createScriptedModel(() => says('pass'));
    const preview = previewCall({ votes: 3 }, { rubric, evidence: EVIDENCE, model });
    expect(model.requests).toEqual([]);
    const { judge } = await startJudge(world, model, { attends: false, clock: systemClock });
    await judge.judgeNow(ask());
    const [sent] = model.requests;
    const plain = (text = '') => text.replaceAll(/(ASSAY-EVIDENCE) [0-9a-f]{24}/g, '$1 nonce');
    expect([preview.system, plain(preview.user)]).toEqual([sent?.system, plain(sent?.user)]);
    expect(preview.user).not.toBe(sent?.user);
    expect(preview).toMatchObject({ votes: 3, maxOutputTokens: 100 });
    expect(preview.worstCaseMicroUsd).toBe(worstCaseMicroUsd(model.price, sent!));
    expect(preview.worstCaseMicroUsd).toBe(world.bus.spend()[0]?.reservedMicroUsd);
    expect(preview.inputTokens).toBeGreaterThan((preview.system.length + preview.user.length) / 4);
  });
});
