import { alarmIdOf } from '../core/alarm-id.js';
import type { AlarmTransition } from '../core/alarm.js';
import type { Clock } from '../core/clock.js';
import { silentLogger } from '../core/logger.js';
import { noMetrics, type Metrics } from '../core/metrics.js';
import type { Fetch } from '../core/post.js';
import type { State, StateEntry } from '../core/state.js';
import { createNotifier, notifierConfig, type Attempt, type Notifier } from './index.js';

export const NEVER = new AbortController().signal;
export const START_MS = Date.parse('2026-11-22T08:00:00Z');
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;

/** Time that stands still until the test moves it. */
export interface SimulatedClock extends Clock {
  /** Resolves when so many sleep, and nobody works. */
  idle(): Promise<void>;
  /** Moves on, and stops at every moment for which somebody slept, until all sleep again. */
  advance(ms: number): Promise<void>;
}

/** @param sleepers - how many will sleep whenever there is nothing to do */
export function simulatedClock(sleepers: () => number): SimulatedClock {
  let nowMs = START_MS;
  const sleeping = new Set<{ readonly untilMs: number; readonly wake: () => void }>();
  let looks: (() => void)[] = [];
  const idle = (): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (sleeping.size >= sleepers()) resolve();
        else looks.push(look);
      };
      look();
    });
  return {
    nowMs: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const wake = (): void => {
          sleeping.delete(sleeper);
          resolve();
        };
        const sleeper = { untilMs: nowMs + ms, wake };
        if (signal?.aborted === true) {
          resolve();
          return;
        }
        signal?.addEventListener('abort', wake, { once: true });
        sleeping.add(sleeper);
        const waiting = looks;
        looks = [];
        for (const look of waiting) look();
      }),
    idle,
    async advance(ms) {
      const endMs = nowMs + ms;
      await idle();
      for (;;) {
        const next = [...sleeping].filter(({ untilMs }) => untilMs <= endMs).sort((a, b) => a.untilMs - b.untilMs)[0];
        if (next === undefined) break;
        nowMs = Math.max(nowMs, next.untilMs);
        next.wake();
        await idle();
      }
      nowMs = endMs;
    },
  };
}

/** State in memory, of which a test can take what is durable, as a kill would leave it. */
export interface MemoryState extends State {
  /** A state of its own with what is durable now. */
  copy(): MemoryState;
  readonly writes: number;
}

export function memoryState(entries: Iterable<StateEntry> = []): MemoryState {
  const held = new Map(entries);
  let writes = 0;
  return {
    get: (key) => held.get(key),
    async put(more) {
      for (const [key, value] of more) held.set(key, value);
      writes += 1;
    },
    async delete(keys) {
      for (const key of keys) held.delete(key);
      writes += 1;
    },
    *range(prefix) {
      for (const key of [...held.keys()].filter((one) => one.startsWith(prefix)).sort()) {
        const value = held.get(key);
        if (value !== undefined) yield [key, value];
      }
    },
    copy: () => memoryState(held),
    get writes() {
      return writes;
    },
  };
}

/** Counters and gauges by name and labels. */
export function countedMetrics(): { readonly metrics: Metrics; readonly counts: ReadonlyMap<string, number> } {
  const counts = new Map<string, number>();
  const keyOf = (name: string, labels: object | undefined): string =>
    [name.replace('assay_notifier_', ''), ...Object.values<string>((labels ?? {}) as Record<string, string>)].join(' ');
  const metrics: Metrics = {
    ...noMetrics,
    counter: (name) => ({
      add(amount, labels) {
        counts.set(keyOf(name, labels), (counts.get(keyOf(name, labels)) ?? 0) + amount);
      },
    }),
    gauge: (name) => ({
      set(value, labels) {
        counts.set(keyOf(name, labels), value);
      },
    }),
  };
  return { metrics, counts };
}

const SUBJECT = {
  tenant: 'default',
  service: 'booking-agent',
  release: '1.5.0',
  environment: 'prod',
  criterion: 'task',
};

/** A firing regression, with these fields changed. */
export function makeTransition(changes: Partial<AlarmTransition> = {}): AlarmTransition {
  const { rule = 'regression', subject = SUBJECT } = changes;
  return {
    alarmId: alarmIdOf(rule, subject),
    sequence: 1,
    state: 'firing',
    kind: 'regression',
    rule,
    severity: 'error',
    subject,
    summary: 'Release 1.5.0 of booking-agent fails more often than 1.4.0.',
    details: { evidence: 104.2, threshold: 100, baseline: '1.4.0' },
    startedAtMs: START_MS - 10 * MINUTE_MS,
    atMs: START_MS,
    ...changes,
  };
}

export interface NotifierWorld {
  readonly notifier: Notifier;
  readonly clock: SimulatedClock;
  readonly attempts: readonly Attempt[];
  readonly counts: ReadonlyMap<string, number>;
  /** Stops at once, and sends nothing more, as a kill would. */
  kill(): Promise<void>;
}

export interface WorldOptions {
  readonly channels: object;
  readonly settings?: object;
  readonly state?: State;
  readonly clock?: SimulatedClock;
  readonly fetch?: Fetch;
  readonly random?: () => number;
  readonly record?: (attempt: Attempt) => Promise<void>;
}

/** A started notifier on simulated time. Full jitter draws `random`: .5 by default, so half of each bound. */
export async function startWorld(options: WorldOptions): Promise<NotifierWorld> {
  const { channels, settings = {}, state = memoryState(), fetch = globalThis.fetch, random = () => 0.5 } = options;
  const config = notifierConfig.parse({ channels, ...settings });
  const clock = options.clock ?? simulatedClock(() => Object.keys(config.channels).length);
  const { metrics, counts } = countedMetrics();
  const attempts: Attempt[] = [];
  const record = async (attempt: Attempt): Promise<void> => {
    attempts.push(attempt);
    await options.record?.(attempt);
  };
  const deps = { state, fetch, clock, random, logger: silentLogger, metrics, record };
  const notifier = createNotifier(config, deps);
  await notifier.start(NEVER);
  return {
    ...{ notifier, clock, attempts, counts },
    kill: () => notifier.stop(AbortSignal.abort()),
  };
}
