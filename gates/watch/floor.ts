import type { CaseAnswer } from '../../core/adversarial-case.js';
import type { AlarmSubject, AlarmTransition } from '../../core/alarm.js';
import type { State, StateEntry } from '../../core/state.js';
import { createFloorTest, updateFloorTest, type FloorState, type FloorTest } from '../floor.js';
import { logMeanExp } from '../log-sum-exp.js';
import type { Finding } from './regression.js';
import { nameOf, percent, round } from './words.js';

export const FLOOR_RULE = 'adversarial-floor';

const SLICE = 'floor/slice/';
/** By tenant and trace: when it was counted. */
const SEEN = 'floor/seen/';
const LOOKED = 'floor/looked';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** What the first look takes in. */
const FIRST_MS = 3 * DAY_MS;
/** A verdict may be in the store so much later than it was given. */
const LATE_MS = HOUR_MS;
/** A release without such traces for so long is forgotten, unless its floor is broken. */
const KEPT_MS = 60 * DAY_MS;
/** Failure rates that speak for a floor that holds, as shares of what it allows: .025, .05 and .10 at .85. */
const BETTER_BY = [1 / 6, 1 / 3, 2 / 3] as const;

/** How a release did when the whole set was sent to it. */
export interface FloorRun extends Omit<AlarmSubject, 'criterion'> {
  readonly state: FloorState;
  readonly passed: number;
  readonly failed: number;
  readonly floor: number;
}

/** The test of one release in one environment. Plain JSON. */
export interface FloorSlice {
  readonly subject: AlarmSubject;
  /** When the first trace that it counts came; bus time in ms. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly test: FloorTest;
  /** log of what bets that the floor holds have made of 1, at the most; certified from log(1 / alpha) on. */
  readonly peakLogHeld: number;
}

/** What to write, to forget and to tell. */
export interface FloorStep {
  readonly findings: readonly Finding[];
  readonly entries: readonly StateEntry[];
  readonly past: readonly string[];
}

export interface FloorLookDeps {
  readonly state: Pick<State, 'get' | 'range'>;
  /** Alarms that are not resolved, of whatever rule. */
  readonly open: readonly AlarmTransition[];
  /** Least pass rate. */
  readonly floor: number;
  readonly nowMs: number;
}

/** From when on answers are to be asked for. What was counted already may come again. */
export function answersSince({ state, nowMs }: Pick<FloorLookDeps, 'state' | 'nowMs'>): number {
  const looked = state.get(LOOKED);
  return looked === undefined ? nowMs - FIRST_MS : Number(looked) - LATE_MS;
}

/**
 * One look at production traces that are cases of the adversarial set. Each release has a test of its own, so that a broken one
 * goes on firing, whatever it does later, until a release that came after it is certified.
 */
export function lookAtFloor(answers: readonly CaseAnswer[], deps: FloorLookDeps): FloorStep {
  const { state, nowMs, open, floor } = deps;
  const slices = new Map([...state.range(SLICE)].map(([key, text]) => [key, JSON.parse(text) as FloorSlice]));
  const entries: StateEntry[] = [[LOOKED, String(nowMs)]];
  const changed = new Set<string>();
  const counted = new Set<string>();
  for (const answer of [...answers].sort((a, b) => a.firstSeenMs - b.firstSeenMs)) {
    const seenKey = `${SEEN}${answer.tenant}/${answer.traceId}`;
    if (counted.has(seenKey) || state.get(seenKey) !== undefined) continue;
    counted.add(seenKey);
    entries.push([seenKey, String(nowMs)]);
    const subject = subjectOf(answer);
    const key = keyOf(subject);
    slices.set(key, count(slices.get(key) ?? begin(subject, answer.firstSeenMs, floor), answer, nowMs));
    changed.add(key);
  }
  const certified = [...slices.values()].filter(isCertified);
  const closed = open.filter(
    ({ rule, subject, startedAtMs }) =>
      rule === FLOOR_RULE &&
      certified.some(
        (one) => isOfService(one.subject, subject) && isElsewhere(one, subject) && one.firstMs > startedAtMs,
      ),
  );
  for (const { subject } of closed) restart(subject, { slices, changed, floor, nowMs });
  const findings = [...slices.values()].flatMap((slice) => fires(slice, closed));
  for (const key of changed) entries.push([key, JSON.stringify(slices.get(key))]);
  const ends = closed.map((alarm) => resolvedBy(alarm, 'a later release was certified by its production traces'));
  return { findings: [...findings, ...ends], entries, past: pastKeys(slices, deps) };
}

/** What a run of the whole set says: it fires where the set is broken, and takes back what fires where it is held. */
export function takeRun(run: FloorRun, { state, open, floor, nowMs }: FloorLookDeps): FloorStep {
  const subject = subjectOf(run);
  const passRate = run.passed / Math.max(1, run.passed + run.failed);
  if (run.state === 'broken') {
    const details = {
      passed: run.passed,
      failed: run.failed,
      passRate: round(passRate),
      floor: run.floor,
      by: 'a run',
    };
    const summary = `${nameOf(subject)} passes ${run.passed} of ${run.passed + run.failed} cases of the adversarial set, and must pass ${percent(run.floor)}`;
    const finding = { state: 'firing', kind: 'floor', rule: FLOOR_RULE, subject, summary, details } as const;
    return { findings: [{ ...finding, startedAtMs: nowMs }], entries: [], past: [] };
  }
  if (run.state !== 'held') return { findings: [], entries: [], past: [] };
  const closed = open.filter((alarm) => alarm.rule === FLOOR_RULE && isOfService(subject, alarm.subject));
  const entries = closed.flatMap(({ subject: of }): readonly StateEntry[] => {
    const key = keyOf(of);
    return state.get(key) === undefined ? [] : [[key, JSON.stringify(begin(of, nowMs, floor))]];
  });
  return { findings: closed.map((alarm) => resolvedBy(alarm, 'a run of the set was certified')), entries, past: [] };
}

function begin(subject: AlarmSubject, firstMs: number, floor: number): FloorSlice {
  return { subject, firstMs, lastMs: firstMs, test: createFloorTest({ floor }), peakLogHeld: 0 };
}

function count(slice: FloorSlice, { passed }: CaseAnswer, nowMs: number): FloorSlice {
  const test = updateFloorTest(slice.test, { passed: Number(passed), failed: Number(!passed) });
  return { ...slice, lastMs: nowMs, test, peakLogHeld: Math.max(slice.peakLogHeld, logHeld(test)) };
}

/**
 * Evidence that the floor holds, which may be looked at as often as one likes: the exact bound of the test certifies one look, and
 * a gate looks every minute.
 *
 * @see I. Waudby-Smith and A. Ramdas (2024), Estimating means of bounded random variables by betting, JRSS B 86(1), 1-27
 */
function logHeld({ passed, failed, floor }: FloorTest): number {
  const allowed = 1 - floor;
  return logMeanExp(
    BETTER_BY.map((share) => failed * Math.log(share) + passed * Math.log((1 - allowed * share) / floor)),
  );
}

function isCertified({ test, peakLogHeld }: FloorSlice): boolean {
  return test.state !== 'broken' && peakLogHeld >= Math.log(1 / test.alpha);
}

function isElsewhere({ subject }: FloorSlice, { release, environment }: AlarmSubject): boolean {
  return subject.release !== release && (subject.environment === environment || environment === '');
}

/** An empty environment is any. */
function isOfService(one: AlarmSubject, other: AlarmSubject): boolean {
  const isNear = one.environment === '' || other.environment === '' || one.environment === other.environment;
  return one.tenant === other.tenant && one.service === other.service && isNear;
}

/** What it was found guilty of is settled: it is tried anew. */
function restart(
  subject: AlarmSubject,
  {
    slices,
    changed,
    floor,
    nowMs,
  }: { slices: Map<string, FloorSlice>; changed: Set<string>; floor: number; nowMs: number },
): void {
  const key = keyOf(subject);
  if (!slices.has(key)) return;
  slices.set(key, begin(subject, nowMs, floor));
  changed.add(key);
}

function fires({ subject, test, firstMs }: FloorSlice, closed: readonly AlarmTransition[]): readonly Finding[] {
  if (test.state !== 'broken' || closed.some((alarm) => keyOf(alarm.subject) === keyOf(subject))) return [];
  const { passed, failed, floor, peakLogEvidence, alpha } = test;
  const passRate = passed / (passed + failed);
  const summary = `${nameOf(subject)} passes ${percent(passRate)} of ${passed + failed} answered production traces that are cases of the adversarial set, and must pass ${percent(floor)}`;
  const figures = { passed, failed, passRate: round(passRate), floor };
  const details = { ...figures, evidence: round(Math.exp(peakLogEvidence)), threshold: round(1 / alpha), by: 'traces' };
  return [{ state: 'firing', kind: 'floor', rule: FLOOR_RULE, subject, summary, details, startedAtMs: firstMs }];
}

function resolvedBy({ subject, startedAtMs, details }: AlarmTransition, why: string): Finding {
  const summary = `${nameOf(subject)} is no more held to be below the floor of the adversarial set: ${why}`;
  return { state: 'resolved', kind: 'floor', rule: FLOOR_RULE, subject, summary, details, startedAtMs };
}

function pastKeys(
  slices: ReadonlyMap<string, FloorSlice>,
  deps: Pick<FloorLookDeps, 'state' | 'nowMs'>,
): readonly string[] {
  const until = answersSince(deps) - DAY_MS;
  const seen = [...deps.state.range(SEEN)].filter(([, atMs]) => Number(atMs) < until).map(([key]) => key);
  const idle = [...slices].filter(([, { test, lastMs }]) => test.state !== 'broken' && deps.nowMs - lastMs > KEPT_MS);
  return [...seen, ...idle.map(([key]) => key)];
}

function subjectOf({ tenant, service, release, environment }: Omit<AlarmSubject, 'criterion'>): AlarmSubject {
  return { tenant, service, release, environment, criterion: '' };
}

function keyOf({ tenant, service, release, environment }: AlarmSubject): string {
  return `${SLICE}${JSON.stringify([tenant, service, environment, release])}`;
}
