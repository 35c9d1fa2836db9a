import type { AlarmSubject, AlarmTransition } from '../../core/alarm.js';
import type { Cell } from '../../core/cell.js';
import { evidence } from '../detector.js';
import { alarmingSlices } from '../e-bh.js';
import { describeRecovery, describeRegression, REGRESSION_RULE } from './describe.js';
import {
  beginIncident,
  beginSlice,
  eachTest,
  feed,
  freshDetector,
  holdAgainst,
  logThresholdOf,
  ofTest,
  step,
  stepIncident,
  takeIn,
  TESTS,
  type SliceWatch,
  type WatchOptions,
} from './slice-watch.js';

/** What a look found that somebody should be told. */
export type Finding = Pick<
  AlarmTransition,
  'state' | 'kind' | 'rule' | 'subject' | 'summary' | 'details' | 'startedAtMs'
>;

/** What has come of one slice since the last look. */
export interface SliceNews {
  readonly subject: AlarmSubject;
  /** When the first trace of it that is counted came; bus time in ms. */
  readonly firstSeenMs: number;
  readonly news: readonly Cell[];
}

export interface RegressionLook {
  readonly slices: ReadonlyMap<string, SliceWatch>;
  readonly findings: readonly Finding[];
}

/** Releases that had traffic in so much time share the false alarms that are allowed. */
const IN_USE_MS = 2 * 86_400_000;
/** How long a release may have been without traffic and still be what another is held against. */
const KEPT_MS = 60 * 86_400_000;

/** By which a slice is known. */
export function sliceKey({ tenant, service, release, environment, criterion }: AlarmSubject): string {
  return JSON.stringify([tenant, service, environment, criterion, release]);
}

/** Slices of one criterion of a service, whatever the release. */
function familyKey({ tenant, service, environment, criterion }: AlarmSubject): string {
  return JSON.stringify([tenant, service, environment, criterion]);
}

/**
 * One look at every slice: each is held against the release before it by a test that may be looked at as often as one likes, and
 * those that alarm are chosen so that few are false however many slices there are. An incident ends when what comes of its
 * service, whatever the release, shows that failures are rare again; where nothing comes it goes on.
 */
export function lookForRegressions(
  before: ReadonlyMap<string, SliceWatch>,
  news: readonly SliceNews[],
  { options, nowMs }: { readonly options: WatchOptions; readonly nowMs: number },
): RegressionLook {
  const slices = new Map(before);
  for (const { subject, firstSeenMs, news: cells } of news) {
    const key = sliceKey(subject);
    slices.set(key, takeIn(slices.get(key) ?? beginSlice(subject, firstSeenMs), cells, nowMs));
  }
  feedIncidents(slices, news);
  const inUse = [...slices.values()].filter((slice) => isInUse(slice, nowMs)).length;
  for (const [key, slice] of slices) {
    // Only who has no baseline yet looks at the others.
    const kin = slice.own === undefined ? kinOf(slice, slices) : [];
    slices.set(key, advance(holdAgainst(slice, kin, { options, nowMs }), { options, nowMs, inUse }));
  }
  const findings = [...openIncidents(slices, { options, nowMs }), ...closeIncidents(slices, options)];
  return { slices: withoutPast(slices, nowMs), findings };
}

/** Releases that nothing came of for long, and no incident is about. */
function withoutPast(slices: ReadonlyMap<string, SliceWatch>, nowMs: number): ReadonlyMap<string, SliceWatch> {
  return new Map([...slices].filter(([, { incident, lastMs }]) => incident !== undefined || nowMs - lastMs < KEPT_MS));
}

/** The other releases of the same criterion of the service. */
function kinOf(slice: SliceWatch, slices: ReadonlyMap<string, SliceWatch>): readonly SliceWatch[] {
  const family = familyKey(slice.subject);
  return [...slices.values()].filter((one) => one !== slice && familyKey(one.subject) === family);
}

/** A release that was taken back has no traffic of its own any more: what takes its place speaks for it. */
function feedIncidents(slices: Map<string, SliceWatch>, news: readonly SliceNews[]): void {
  for (const [key, slice] of slices) {
    if (slice.incident === undefined) continue;
    const ofService = news.filter(({ subject }) => familyKey(subject) === familyKey(slice.subject));
    const came = ofService.flatMap(({ news: cells }) => cells);
    slices.set(key, { ...slice, incident: feed(slice.incident, ofTest(slice.incident.test, came)) });
  }
}

function advance(
  slice: SliceWatch,
  { options, nowMs, inUse }: { readonly options: WatchOptions; readonly nowMs: number; readonly inUse: number },
): SliceWatch {
  const { against, own, incident } = slice;
  if (against === undefined || own === undefined) return slice;
  // One that alarms alone needs so much more the more there are.
  const logThreshold = logThresholdOf(against, options) + Math.log(Math.max(1, inUse) * TESTS.length);
  const look = { batchMs: against.batchMs, nowMs, logThreshold };
  return {
    ...slice,
    own: eachTest((test) => step(own[test], look)),
    ...(incident === undefined ? {} : { incident: stepIncident(incident, look) }),
  };
}

function isInUse({ own, lastMs }: SliceWatch, nowMs: number): boolean {
  return own !== undefined && nowMs - lastMs < IN_USE_MS;
}

function openIncidents(
  slices: Map<string, SliceWatch>,
  { options, nowMs }: { readonly options: WatchOptions; readonly nowMs: number },
): readonly Finding[] {
  const tested = [...slices]
    .filter(([, slice]) => isInUse(slice, nowMs))
    .flatMap(([key, { own, against }]) =>
      TESTS.map((test) => {
        const { logEvidence } = evidence(own![test].detector);
        return { key, test, above: logEvidence - logThresholdOf(against!, options) };
      }),
    );
  const alarms = alarmingSlices(
    tested.map(({ above }) => above),
    0,
  );
  return tested.flatMap(({ key, test }, at) => {
    const slice = slices.get(key)!;
    const { subject, against, own } = slice;
    if (alarms[at] !== true || slice.incident !== undefined || own![test].detector.batches === 0) return [];
    slices.set(key, { ...slice, incident: beginIncident(slice, test, nowMs) });
    const kind = { kind: 'regression', rule: REGRESSION_RULE, state: 'firing' } as const;
    return [{ ...kind, subject, ...describeRegression(subject, against!, { test, detector: own![test].detector }) }];
  });
}

function closeIncidents(slices: Map<string, SliceWatch>, options: WatchOptions): readonly Finding[] {
  return [...slices].flatMap(([key, slice]) => {
    const { subject, against, own, incident, ...rest } = slice;
    if (incident === undefined || own === undefined || against === undefined) return [];
    if (!evidence(incident.detector).isAlarm) return [];
    // What it was found guilty of is settled: it is tried anew.
    const fresh = eachTest((test) => ({ ...own[test], detector: freshDetector(against, test, options) }));
    slices.set(key, { ...rest, subject, against, own: fresh });
    const kind = { kind: 'regression', rule: REGRESSION_RULE, state: 'resolved' } as const;
    const { startedAtMs } = incident;
    return [{ ...kind, subject, ...describeRecovery(subject, against, incident), startedAtMs }];
  });
}
