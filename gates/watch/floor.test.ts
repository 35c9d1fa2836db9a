import { describe, expect, it } from 'vitest';
import type { CaseAnswer } from '../../core/adversarial-case.js';
import type { AlarmTransition } from '../../core/alarm.js';
import { silentLogger } from '../../core/logger.js';
import { noMetrics } from '../../core/metrics.js';
import type { State, StateEntry } from '../../core/state.js';
import { gatesConfig } from '../config.js';
import type { FloorRun } from './floor.js';
import { Watch } from './watch.js';

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 10, 22, 8);
const PLACE = { tenant: 'acme', service: 'desk', environment: 'prod' };

/** A gate, whose store holds what came. */
class World {
  readonly entries = new Map<string, string>();
  readonly told: AlarmTransition[] = [];
  readonly asked: number[] = [];
  nowMs = START_MS;
  answers: CaseAnswer[] = [];
  fails = false;

  readonly state: State = {
    get: (key) => this.entries.get(key),
    put: async (entries: readonly StateEntry[]) => {
      for (const [key, value] of entries) this.entries.set(key, value);
    },
    delete: async (keys) => {
      for (const key of keys) this.entries.delete(key);
    },
    range: (prefix) => [...this.entries].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1)),
  };

  readonly watch = new Watch(gatesConfig.parse({}), {
    sliceDays: async () => [],
    sight: async () => ({
      answers: [],
      progress: { lastDecidedMs: this.nowMs, decidedInDay: 1_000, oldestPendingMs: null },
    }),
    caseAnswers: async (sinceMs) => {
      this.asked.push(sinceMs);
      return this.answers.filter(({ firstSeenMs }) => firstSeenMs >= sinceMs);
    },
    state: this.state,
    log: {
      append: async () => {
        if (!this.fails) return;
        this.fails = false;
        throw new Error('the process ended');
      },
    },
    notify: async (step) => void this.told.push(step),
    clock: { nowMs: () => this.nowMs, sleep: async () => undefined },
    logger: silentLogger,
    metrics: noMetrics,
  });

  /** So many answers of a release, spread evenly, and the look of the next minute. */
  async come(release: string, passed: number, failed: number): Promise<void> {
    this.add(release, passed, failed);
    await this.look();
  }

  add(release: string, passed: number, failed: number): void {
    this.nowMs += MINUTE_MS;
    for (let at = 0; at < passed + failed; at += 1) {
      const isFailed =
        Math.floor(((at + 1) * failed) / (passed + failed)) > Math.floor((at * failed) / (passed + failed));
      const traceId = `${release}-${this.answers.length}`;
      this.answers.push({ ...PLACE, traceId, release, firstSeenMs: this.nowMs, passed: !isFailed });
    }
  }

  async look(): Promise<void> {
    await this.watch.look();
  }

  steps(): readonly string[] {
    return this.told.map(({ state, subject, sequence }) => `${subject.release} ${state} ${sequence}`);
  }
}

function run(changes: Partial<FloorRun>): FloorRun {
  return { ...PLACE, release: '1.2', state: 'held', passed: 60, failed: 2, floor: 0.85, ...changes };
}

describe('the floor of the adversarial set', () => {
  it('fires in the look that the evidence comes in, once, and goes on while the release does better', async () => {
    const world = new World();
    await world.come('1.0', 4, 4);
    expect(world.steps()).toEqual([]);
    await world.come('1.0', 4, 8);
    expect(world.steps()).toEqual(['1.0 firing 1']);
    expect(world.told[0]).toMatchObject({
      ...{ kind: 'floor', rule: 'adversarial-floor', severity: 'critical', startedAtMs: START_MS + MINUTE_MS },
      subject: { ...PLACE, release: '1.0', criterion: '' },
      details: { passed: 8, failed: 12, passRate: 0.4, floor: 0.85, threshold: 20 },
    });
    for (let times = 0; times < 5; times += 1) await world.come('1.0', 100, 0);
    await world.look();
    expect(world.steps()).toEqual(['1.0 firing 1']);
  });

  it('is taken back when a later release is certified, and not by one that came before, nor by silence', async () => {
    const world = new World();
    await world.come('0.9', 300, 3);
    await world.come('1.0', 8, 12);
    world.nowMs += 5 * 86_400_000;
    await world.look();
    await world.come('0.9', 300, 3);
    expect(world.steps()).toEqual(['1.0 firing 1']);
    await world.come('1.1', 20, 1);
    expect(world.steps()).toEqual(['1.0 firing 1']);
    await world.come('1.1', 80, 2);
    expect(world.steps()).toEqual(['1.0 firing 1', '1.0 resolved 2']);
    expect(world.told[1]?.alarmId).toBe(world.told[0]?.alarmId);
    await world.come('1.0', 8, 12);
    expect(world.steps()).toEqual(['1.0 firing 1', '1.0 resolved 2', '1.0 firing 3']);
  });

  it('counts a trace once, however often it is looked at', async () => {
    const world = new World();
    await world.come('1.0', 7, 4);
    for (let times = 0; times < 20; times += 1) await world.look();
    expect(world.steps()).toEqual([]);
    expect(world.asked.slice(0, 2)).toEqual([START_MS + MINUTE_MS - 3 * 86_400_000, START_MS - 59 * MINUTE_MS]);
  });

  it('tells of it after a process that ended before it could, once', async () => {
    const world = new World();
    world.add('1.0', 4, 16);
    world.fails = true;
    await expect(world.look()).rejects.toThrow('the process ended');
    expect(world.steps()).toEqual([]);
    await world.look();
    await world.look();
    expect(world.steps()).toEqual(['1.0 firing 1']);
  });

  it('forgets which traces it counted once they cannot come again', async () => {
    const world = new World();
    await world.come('1.0', 9, 1);
    expect([...world.state.range('floor/seen/')]).toHaveLength(10);
    world.nowMs += 2 * 86_400_000;
    await world.look();
    await world.look();
    expect([...world.state.range('floor/seen/')]).toHaveLength(0);
  });

  it('fires after a run that is broken, and is taken back by one that is held, whatever its release', async () => {
    const world = new World();
    await world.watch.takeRun(run({ release: '1.1', state: 'broken', passed: 30, failed: 20 }));
    await world.come('1.0', 8, 12);
    await world.watch.takeRun(run({ state: 'not_enough', passed: 10, failed: 0 }));
    await world.watch.takeRun(run({ service: 'other' }));
    expect(world.steps()).toEqual(['1.1 firing 1', '1.0 firing 1']);
    await world.watch.takeRun(run({ environment: '' }));
    expect(new Set(world.steps())).toEqual(
      new Set(['1.1 firing 1', '1.0 firing 1', '1.1 resolved 2', '1.0 resolved 2']),
    );
    await world.come('1.0', 5, 1);
    expect(world.told).toHaveLength(4);
  });

  it('is certified, and called broken, by chance in at most 5 % at a true .85, looked at after every answer', async () => {
    let seed = 7;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const days = 100;
    let [certified, broken] = [0, 0];
    for (let day = 0; day < days; day += 1) {
      const world = new World();
      await world.watch.takeRun(run({ release: '0.1', state: 'broken', passed: 0, failed: 20 }));
      for (let at = 0; at < 150; at += 1) {
        const isPassed = random() < 0.85;
        await world.come('1.0', Number(isPassed), Number(!isPassed));
      }
      certified += Number(world.steps().includes('0.1 resolved 2'));
      broken += Number(world.steps().includes('1.0 firing 1'));
    }
    // 5 % and three standard errors of 100.
    expect(certified / days).toBeLessThan(0.116);
    expect(broken / days).toBeLessThan(0.116);
  });
});
