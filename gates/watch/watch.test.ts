import { describe, expect, it } from 'vitest';
import type { AlarmTransition } from '../../core/alarm.js';
import type { SliceDay } from '../../core/cell.js';
import { silentLogger } from '../../core/logger.js';
import { noMetrics } from '../../core/metrics.js';
import type { State, StateEntry } from '../../core/state.js';
import { gatesConfig } from '../config.js';
import { Watch } from './watch.js';

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 10, 22, 8);

/** Where it fails instead of going on. */
type Fault = 'put' | 'append' | 'notify' | 'delete';

/** A gate whose process may end anywhere, on a state that stays. */
class World {
  readonly #entries = new Map<string, string>();
  readonly bus: AlarmTransition[] = [];
  readonly told: AlarmTransition[] = [];
  readonly counts = new Map<string, { traces: number; failed: number; firstSeenMs: number }>();
  nowMs = START_MS;
  fault: Fault | undefined;

  readonly state: State = {
    get: (key) => this.#entries.get(key),
    put: async (entries: readonly StateEntry[]) => {
      this.#meet('put');
      for (const [key, value] of entries) this.#entries.set(key, value);
    },
    delete: async (keys) => {
      this.#meet('delete');
      for (const key of keys) this.#entries.delete(key);
    },
    range: (prefix) =>
      [...this.#entries].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1)),
  };

  watch(): Watch {
    return new Watch(gatesConfig.parse({ batchMs: MINUTE_MS, baselineTraces: 1_000 }), {
      sliceDays: async () => this.#days(),
      sight: async () => ({
        answers: [],
        progress: { lastDecidedMs: this.nowMs, decidedInDay: 1_000, oldestPendingMs: null },
      }),
      state: this.state,
      log: {
        append: async (records) => {
          this.#meet('append');
          for (const { value } of records) this.bus.push(JSON.parse(Buffer.from(value).toString()) as AlarmTransition);
        },
      },
      notify: async (step) => {
        this.#meet('notify');
        this.told.push(step);
      },
      clock: { nowMs: () => this.nowMs, sleep: async () => undefined },
      logger: silentLogger,
      metrics: noMetrics,
    });
  }

  /** So many traces of a release come, and a minute passes. */
  come(release: string, traces: number, failed: number): void {
    const known = this.counts.get(release) ?? { traces: 0, failed: 0, firstSeenMs: this.nowMs };
    this.counts.set(release, { ...known, traces: known.traces + traces, failed: known.failed + failed });
    this.nowMs += MINUTE_MS;
  }

  #meet(fault: Fault): void {
    if (this.fault !== fault) return;
    this.fault = undefined;
    throw new Error(`the process ended at ${fault}`);
  }

  #days(): readonly SliceDay[] {
    return [...this.counts].map(([release, { traces, failed, firstSeenMs }]) => ({
      ...{ tenant: '', service: 'desk', release, environment: '', criterion: 'refund-policy' },
      ...{ day: '2026-11-22', firstSeenMs },
      cells: [
        {
          ...{ stratum: 'unsuspected', pi: 1, upstreamWeight: 1 },
          ...{ traces, passed: traces - failed, failed, unanswered: 0 },
        },
      ],
    }));
  }
}

/** A baseline, a bad release until it alarms, and the good one again until that is taken back. */
async function incident(world: World, look: () => Promise<void>): Promise<void> {
  for (let times = 0; times < 4; times += 1) {
    world.come('1.0.0', 300, 9);
    await look();
  }
  for (let times = 0; times < 10; times += 1) {
    world.come('1.1.0', 100, 15);
    await look();
  }
  for (let times = 0; times < 30; times += 1) {
    world.come('1.0.0', 300, 9);
    await look();
  }
}

function stepsOf(list: readonly AlarmTransition[]): readonly string[] {
  return [...new Set(list.map(({ alarmId, sequence, state }) => `${alarmId} ${sequence} ${state}`))].sort();
}

it('tells the bus and the senders of an incident once, under one id', async () => {
  const world = new World();
  const watch = world.watch();
  await incident(world, () => watch.look());
  expect(world.told.map(({ state, sequence }) => [state, sequence])).toEqual([
    ['firing', 1],
    ['resolved', 2],
  ]);
  expect(new Set(world.told.map(({ alarmId }) => alarmId)).size).toBe(1);
  expect(world.bus).toEqual(world.told);
});

describe.each(['put', 'append', 'notify', 'delete'] as const)('a process that ends at %s', (fault) => {
  it.each([1, 5, 6, 7, 8, 9, 10, 20, 30])('in look %i leaves the same incident, and no other', async (at) => {
    const calm = new World();
    const undisturbed = calm.watch();
    await incident(calm, () => undisturbed.look());

    const world = new World();
    let watch = world.watch();
    let looks = 0;
    await incident(world, async () => {
      looks += 1;
      if (looks === at) world.fault = fault;
      try {
        await watch.look();
      } catch {
        watch = world.watch();
        await watch.look();
      }
    });
    expect(stepsOf(world.told)).toEqual(stepsOf(calm.told));
    expect(stepsOf(world.bus)).toEqual(stepsOf(calm.told));
  });
});

it('takes an acknowledgement once, while the alarm fires', async () => {
  const world = new World();
  const watch = world.watch();
  expect(await watch.acknowledge('nobody', 'ana')).toBeUndefined();
  for (let times = 0; times < 14; times += 1) {
    if (times < 4) world.come('1.0.0', 300, 9);
    else world.come('1.1.0', 100, 15);
    await watch.look();
  }
  const { alarmId } = world.told[0]!;
  expect(await watch.acknowledge(alarmId.slice(0, 8), 'ana')).toMatchObject({ state: 'acknowledged', sequence: 2 });
  expect(await watch.acknowledge(alarmId, 'ana')).toBeUndefined();
  for (let times = 0; times < 30; times += 1) {
    world.come('1.0.0', 300, 9);
    await watch.look();
  }
  expect(world.told.map(({ state }) => state)).toEqual(['firing', 'acknowledged', 'resolved']);
  expect(world.told[1]?.details).toMatchObject({ acknowledgedBy: 'ana' });
});

it('goes on after a look that failed', async () => {
  const world = new World();
  world.come('1.0.0', 300, 9);
  world.fault = 'put';
  const watch = world.watch();
  await expect(watch.look()).rejects.toThrow('the process ended');
  await watch.look();
  expect([...world.state.range('seen/')]).toHaveLength(1);
});
