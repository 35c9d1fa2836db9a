import type { CaseAnswer } from '../../core/adversarial-case.js';
import { SEVERITIES, type AlarmTransition } from '../../core/alarm.js';
import type { SliceDay } from '../../core/cell.js';
import type { Clock } from '../../core/clock.js';
import type { Component } from '../../core/component.js';
import { faultPoint } from '../../core/fault-points.js';
import type { Log, LogRecord } from '../../core/log.js';
import type { Logger } from '../../core/logger.js';
import type { Counter, Gauge, Metrics } from '../../core/metrics.js';
import type { State } from '../../core/state.js';
import type { GatesConfig } from '../config.js';
import { AlarmBook } from './alarm-book.js';
import { answersSince, lookAtFloor, takeRun, type FloorLookDeps, type FloorRun } from './floor.js';
import { lookAtHealth, type HealthLook, type HealthSight } from './health.js';
import { lookForRegressions } from './regression.js';
import { changedSlices, healthEntry, newsOf, readHealth, readSlices } from './memory.js';

export interface WatchDeps {
  /** What became of traces that first came on this day or later. */
  readonly sliceDays: (sinceDay: string) => Promise<readonly SliceDay[]>;
  /** What judges answered since then, and how far the pipeline is. */
  readonly sight: (times: { readonly sinceMs: number; readonly nowMs: number }) => Promise<HealthSight>;
  /** Production traces that are cases of the adversarial set; nothing is held to its floor without it. */
  readonly caseAnswers?: (sinceMs: number) => Promise<readonly CaseAnswer[]>;
  readonly state: State;
  readonly log: Pick<Log, 'append'>;
  /** Resolves once the senders will tell of it. The same step may come twice. */
  readonly notify: (step: AlarmTransition) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

const DAY_MS = 86_400_000;
/** A trace is answered within so many days of its first span, or not counted here. */
const DAYS_BACK = 3;
const HEALTH_WINDOW_MS = 15 * 60_000;
const LEAST_PAUSE_MS = 1_000;

/**
 * The gate role: looks at what was decided and judged, and raises alarms that it also takes back. What it has seen and what it
 * found are written as one, so that a kill repeats a look and no alarm.
 */
export class Watch implements Component {
  readonly #book: AlarmBook;
  readonly #stopping = new AbortController();
  readonly #open: Gauge<'severity'>;
  readonly #looks: Counter;
  #running: Promise<void> | undefined;

  constructor(
    private readonly options: GatesConfig,
    private readonly deps: WatchDeps,
  ) {
    this.#book = new AlarmBook(deps.state);
    this.#open = deps.metrics.gauge('assay_gates_open_alarms', 'Alarms that are not resolved, by severity.', [
      'severity',
    ]);
    this.#looks = deps.metrics.counter('assay_gates_looks_total', 'Looks at what was decided and judged.');
  }

  async start(): Promise<void> {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Looks once, and tells what it found. */
  async look(): Promise<void> {
    const { state, clock } = this.deps;
    const nowMs = clock.nowMs();
    const sinceDay = dayOf(nowMs - DAYS_BACK * DAY_MS);
    const { news, seen, past } = newsOf(await this.deps.sliceDays(sinceDay), { state, sinceDay });
    const before = readSlices(state);
    const { slices, findings } = lookForRegressions(before, news, { options: this.options, nowMs });
    const health = await this.#lookAtHealth(nowMs);
    const floor = await this.#lookAtFloor(nowMs);
    const found = [
      ...[...findings, ...floor.findings].map((one) => ({ ...one, severity: this.options.severity })),
      ...health.findings,
    ];
    const alarms = found.flatMap(({ severity, ...finding }) => this.#book.step(finding, severity, nowMs));
    const { written, gone } = changedSlices(before, slices);
    if (alarms.length > 0) faultPoint('gate-before-writing');
    await state.put([...seen, ...written, ...floor.entries, healthEntry(health.states), ...alarms]);
    if (alarms.length > 0) faultPoint('gate-after-writing');
    const forgotten = [...past, ...gone, ...floor.past];
    if (forgotten.length > 0) await state.delete(forgotten);
    this.#looks.add(1);
    await this.#tell();
  }

  /**
   * A person has seen an alarm.
   * @returns the step, or undefined unless one alarm fires whose id begins so
   */
  async acknowledge(idPrefix: string, by: string): Promise<AlarmTransition | undefined> {
    const { state, clock } = this.deps;
    const acknowledged = this.#book.acknowledge(idPrefix, by, clock.nowMs());
    if (acknowledged === undefined) return undefined;
    await state.put(acknowledged.entries);
    await this.#tell();
    return acknowledged.next;
  }

  async #lookAtHealth(nowMs: number): Promise<HealthLook> {
    const sight = await this.deps.sight({ sinceMs: nowMs - HEALTH_WINDOW_MS, nowMs });
    return lookAtHealth(readHealth(this.deps.state), sight, { nowMs, lookMs: this.options.lookMs });
  }

  /** The whole adversarial set was sent to a release. */
  async takeRun(run: FloorRun): Promise<void> {
    const nowMs = this.deps.clock.nowMs();
    const { findings, entries } = takeRun(run, this.#floorDeps(nowMs));
    const alarms = findings.flatMap((finding) => this.#book.step(finding, this.options.severity, nowMs));
    if (alarms.length + entries.length > 0) await this.deps.state.put([...entries, ...alarms]);
    await this.#tell();
  }

  async #lookAtFloor(nowMs: number): Promise<ReturnType<typeof lookAtFloor>> {
    const { caseAnswers } = this.deps;
    if (caseAnswers === undefined) return { findings: [], entries: [], past: [] };
    const answers = await caseAnswers(answersSince({ state: this.deps.state, nowMs }));
    return lookAtFloor(answers, this.#floorDeps(nowMs));
  }

  #floorDeps(nowMs: number): FloorLookDeps {
    return { state: this.deps.state, open: this.#book.open(), floor: this.options.floorRatio, nowMs };
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.deps;
    while (!this.#stopping.signal.aborted) {
      let pauseMs = this.options.lookMs;
      try {
        await this.look();
      } catch (error) {
        // The store, the bus or the disk: whatever it was, the next look sees the same and more.
        logger.warn({ err: error }, 'the gate could not look, and looks again');
        pauseMs = Math.max(LEAST_PAUSE_MS, pauseMs);
      }
      await clock.sleep(pauseMs, this.#stopping.signal);
    }
  }

  async #tell(): Promise<void> {
    for (const step of this.#book.untold()) {
      await this.deps.log.append([toRecord(step)]);
      await this.deps.notify(step);
      faultPoint('gate-after-telling');
      await this.#book.told(step);
    }
    const open = this.#book.open();
    for (const severity of SEVERITIES)
      this.#open.set(open.filter((one) => one.severity === severity).length, { severity });
  }
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function toRecord(step: AlarmTransition): LogRecord {
  return { topic: 'alarms', key: step.alarmId, value: new TextEncoder().encode(JSON.stringify(step)) };
}
