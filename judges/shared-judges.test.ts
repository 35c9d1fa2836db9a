import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../core/clock.js';
import type { Model, ModelReply } from '../core/model.js';
import { SharedBus } from './shared-bus.test-support.js';
import {
  createScriptedModel,
  judgement,
  judgementOf,
  newWorld,
  RUBRICS,
  running,
  says,
  startJudge,
  stopJudges,
  type Change,
  type World,
} from './world.test-support.js';

afterEach(stopJudges);

const PATIENT = { shared: { patienceMs: 60_000 } };

/** A judge of its own state on this bus; it has no partition yet. */
async function start(bus: SharedBus, model: Model, change: Change = PATIENT) {
  const world = { ...newWorld(), bus: bus as unknown as World['bus'] };
  const settings = { pollWaitMs: 20, ...change.settings };
  const { judge } = await startJudge(world, model, { ...PATIENT, ...change, settings, log: bus.log });
  return { judge, world, member: bus.members.at(-1)! };
}

/** Ended as by a kill: what is in flight is never journaled. */
async function kill({ judge }: { judge: { stop(signal: AbortSignal): Promise<void> } }): Promise<void> {
  running.splice(running.indexOf(judge), 1);
  await judge.stop(AbortSignal.abort());
}

const verdicts = (bus: SharedBus, count: number) =>
  vi.waitFor(() => {
    expect(bus.verdicts()).toHaveLength(count);
  }, 10_000);

const numbers = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from }, (_, at) => from + at);
const fails = (): Model & { readonly requests: unknown[] } => createScriptedModel(() => says('fail'));

/** A model whose replies come when the test lets them. */
function createSlowModel() {
  const waiting: ((reply: ModelReply) => void)[] = [];
  const model = createScriptedModel(() => new Promise<ModelReply>((resolve) => waiting.push(resolve)));
  const complete: Model['complete'] = (request, signal) =>
    Promise.race([
      model.complete(request, signal),
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => {
          reject(new Error('killed'));
        });
      }),
    ]);
  const answer = (): void => {
    for (const resolve of waiting.splice(0)) resolve(says('fail'));
  };
  return { model: { ...model, complete }, answer };
}

describe('several judges', () => {
  it('judge each trace once, each those of its partitions', async () => {
    const bus = new SharedBus(4);
    const [a, b] = [fails(), fails()];
    const [one, other] = [await start(bus, a), await start(bus, b)];
    one.member.deal(0, 1);
    other.member.deal(2, 3);
    await bus.log.append(numbers(0, 40).map((at) => judgement(`t${at}`)));
    await verdicts(bus, 40);
    expect(new Set(bus.verdicts().map(({ traceId }) => traceId)).size).toBe(40);
    expect(a.requests.length + b.requests.length).toBe(80);
    expect(Math.min(a.requests.length, b.requests.length)).toBeGreaterThan(0);
  });

  it('judge nothing of a partition that is not theirs', async () => {
    const bus = new SharedBus(2);
    const model = fails();
    const { member } = await start(bus, model);
    member.deal(1);
    await bus.log.append([judgement('t0'), judgement('t1')]);
    await verdicts(bus, 1);
    expect(bus.verdicts()[0]?.traceId).toBe('t1');
  });

  it('take up where the last one stopped: what was judged is not judged again', async () => {
    const bus = new SharedBus(2);
    const [a, b] = [fails(), fails()];
    const [one, other] = [await start(bus, a), await start(bus, b)];
    one.member.deal(0, 1);
    await bus.log.append([judgement('t0'), judgement('t1')]);
    await verdicts(bus, 2);
    one.member.deal(1);
    // As after a commit that did not arrive.
    await bus.log.append([judgement('t0')]);
    other.member.deal(0);
    await bus.log.append([judgement('t2')]);
    await verdicts(bus, 3);
    await vi.waitFor(() => {
      expect(bus.committed('judgements', 0)).toBe(3);
    });
    expect(b.requests).toHaveLength(2);
  });
});

describe('a partition that moves while a call is in flight', () => {
  it('has the reply journaled by who asked, and used by who comes after', async () => {
    const bus = new SharedBus(1);
    const slow = createSlowModel();
    const next = fails();
    const [one, other] = [await start(bus, slow.model), await start(bus, next)];
    one.member.deal(0);
    await bus.log.append([judgement('t0')]);
    await vi.waitFor(() => {
      expect(slow.model.requests).toHaveLength(1);
    });
    one.member.deal();
    other.member.deal(0);
    await systemClock.sleep(400);
    expect(next.requests).toHaveLength(0);
    slow.answer();
    await verdicts(bus, 1);
    expect(slow.model.requests).toHaveLength(1);
    expect(next.requests).toHaveLength(1);
    expect(bus.verdicts()[0]).toMatchObject({ outcome: 'fail', costMicroUsd: 2200 });
    expect(bus.spend().every(({ status }) => status === 'settled')).toBe(true);
  });

  it('has the call held for lost, and charged, when who asked is gone for good', async () => {
    const bus = new SharedBus(1);
    const slow = createSlowModel();
    const [one, other] = [await start(bus, slow.model), await start(bus, fails(), { shared: { patienceMs: 500 } })];
    one.member.deal(0);
    await bus.log.append([judgement('t0')]);
    await vi.waitFor(() => {
      expect(slow.model.requests).toHaveLength(1);
    });
    one.member.deal();
    await kill(one);
    other.member.deal(0);
    await verdicts(bus, 1);
    const [lost] = bus.spend().filter(({ status }) => status === 'lost');
    expect(lost?.settledMicroUsd).toBe(lost?.reservedMicroUsd);
    expect(bus.spend().filter(({ status }) => status === 'settled')).toHaveLength(2);
  });

  it('is bought nothing more in by who lost it', async () => {
    const bus = new SharedBus(1);
    const slow = createSlowModel();
    const one = await start(bus, slow.model);
    one.member.deal(0);
    await bus.log.append([judgement('t0')]);
    await vi.waitFor(() => {
      expect(slow.model.requests).toHaveLength(1);
    });
    one.member.deal();
    await systemClock.sleep(600);
    slow.answer();
    await systemClock.sleep(300);
    expect(slow.model.requests).toHaveLength(1);
    expect(bus.verdicts()).toHaveLength(0);
  });
});

describe('the budget of several judges', () => {
  // A call is reserved at 5,500 and settled at 1,100 micro-dollars or so; two votes a trace.
  const settings = { dailyBudgetUsd: 0.04, concurrency: 1 };
  const charged = (bus: SharedBus): number => bus.spend().reduce((sum, row) => sum + row.settledMicroUsd, 0);

  it('is divided over the partitions, and says so', async () => {
    const bus = new SharedBus(4);
    const model = fails();
    const { member } = await start(bus, model, { settings });
    member.deal(0);
    await bus.log.append(
      numbers(0, 40)
        .filter((at) => at % 4 === 0)
        .map((at) => judgement(`t${at}0`)),
    );
    await verdicts(bus, 10);
    const shed = bus.verdicts().filter(({ outcome }) => outcome === 'shed_budget');
    expect(shed.length).toBeGreaterThan(0);
    expect(shed[0]?.reason).toMatch(/daily judge budget of \$0\.01, the share of one of 4 partitions, does not hold/);
    expect(charged(bus)).toBeLessThanOrEqual(10_000);
  });

  it('stays spent in the hands of another judge, whose own state is empty', async () => {
    const bus = new SharedBus(2);
    const one = await start(bus, fails(), { settings });
    one.member.deal(0);
    await bus.log.append(numbers(0, 20).map((at) => judgement(`t${at}0`)));
    await verdicts(bus, 20);
    const before = charged(bus);
    one.member.deal();
    const model = fails();
    const other = await start(bus, model, { settings });
    other.member.deal(0);
    await bus.log.append(numbers(20, 40).map((at) => judgement(`t${at}0`)));
    await verdicts(bus, 40);
    expect(before).toBeGreaterThan(12_000);
    expect(charged(bus)).toBeLessThanOrEqual(20_000);
  });

  it('is not charged twice with what a judge told itself, after its partition went and came', async () => {
    const bus = new SharedBus(1);
    const one = await start(bus, fails(), { settings });
    one.member.deal(0);
    await bus.log.append([judgement('t0')]);
    await verdicts(bus, 1);
    const spentOf = (): number =>
      [...one.world.state.entries]
        .filter(([key]) => key.startsWith('spent/'))
        .reduce((sum, [, text]) => sum + Number(text), 0);
    expect(spentOf()).toBe(2_200);
    for (let moves = 0; moves < 3; moves += 1) {
      one.member.deal();
      await systemClock.sleep(300);
      one.member.deal(0);
      await bus.log.append([judgement(`t${moves}0`)]);
      await verdicts(bus, moves + 2);
    }
    await systemClock.sleep(1_200);
    expect(spentOf()).toBe(4 * 2_200);
  });
});

describe('a judgement by hand, where several judges are', () => {
  it('is paid for by a partition that the judge has', async () => {
    const bus = new SharedBus(2);
    const { judge, member } = await start(bus, fails());
    member.deal(1);
    await vi.waitFor(async () => {
      await judge.judgeNow({ judgement: judgementOf('t0'), rubric: RUBRICS[0]! });
    }, 5_000);
    expect(bus.records('journal').every(({ partition }) => partition === 1)).toBe(true);
    expect(bus.verdicts()).toHaveLength(1);
  });

  it('is refused by a judge that has none, with what to do', async () => {
    const bus = new SharedBus(2);
    const { judge } = await start(bus, fails());
    const asked = judge.judgeNow({ judgement: judgementOf('t0'), rubric: RUBRICS[0]! });
    await expect(asked).rejects.toMatchObject({ code: 'ASSAY_NOT_READY' });
  });
});

describe('an entry of the journal that cannot be read', () => {
  it('is passed by', async () => {
    const bus = new SharedBus(1);
    await bus.log.append([
      { topic: 'journal', key: 't0', toPartition: 0, value: new TextEncoder().encode('{"kind":"call"}') },
    ]);
    const { member } = await start(bus, fails());
    member.deal(0);
    await bus.log.append([judgement('t0')]);
    await verdicts(bus, 1);
  });
});
