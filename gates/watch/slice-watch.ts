import type { AlarmSubject } from '../../core/alarm.js';
import type { Cell } from '../../core/cell.js';
import { createBaseline, type Baseline } from '../baseline.js';
import { batchLengthMs, checksPerYear } from '../batch-length.js';
import type { GatesConfig } from '../config.js';
import { createDetector, evidence, updateDetector, type DetectorBatch, type DetectorState } from '../detector.js';
import { createRecovery, updateRecovery } from '../recovery.js';
import { settledStream } from '../streams.js';
import { addCells, tracesIn } from './cells.js';

/**
 * The tests of a slice. `all`: of everything that fails it. `checks`: of what checks failed, which is known of every trace, so that a
 * rise shows long before sampled verdicts could tell.
 */
export const TESTS = ['all', 'checks'] as const;
export type Test = (typeof TESTS)[number];

/** What a slice is held against, frozen when its first trace came. */
export interface HeldAgainst {
  readonly release: string;
  readonly baselines: Readonly<Record<Test, Baseline>>;
  readonly batchMs: number;
}

/** A test and what it has not counted yet. */
export interface Stream {
  readonly detector: DetectorState;
  readonly waiting: readonly Cell[];
  /** Where the traces that wait begin; bus time in ms. */
  readonly sinceMs: number;
}

/** What an alarm rests on, and the test that may end it. */
export interface Incident extends Stream {
  readonly test: Test;
  readonly startedAtMs: number;
}

/** All that is known of one criterion of one release. Plain JSON. */
export interface SliceWatch {
  readonly subject: AlarmSubject;
  readonly firstMs: number;
  readonly lastMs: number;
  /** All that came, for whoever is held against it. */
  readonly total: readonly Cell[];
  readonly against?: HeldAgainst;
  readonly own?: Readonly<Record<Test, Stream>>;
  /** While an alarm of it fires: a test of whether that is over, fed with all traffic of the service. */
  readonly incident?: Incident;
}

export type WatchOptions = Pick<
  GatesConfig,
  'batchMs' | 'baselineTraces' | 'falseAlarmsPerYear' | 'smallestChangeRatio'
>;

const DAY_MS = 86_400_000;
/** A baseline of less time says little of how many traces a day has. */
const SHORTEST_MS = 60_000;

/** One that nothing has come of yet. @param firstMs - when its first trace came */
export function beginSlice(subject: AlarmSubject, firstMs: number): SliceWatch {
  return { subject, firstMs, lastMs: firstMs, total: [] };
}

/** Takes in what came of it. What came before there was a baseline is that baseline, or waits for its first look. */
export function takeIn(slice: SliceWatch, news: readonly Cell[], nowMs: number): SliceWatch {
  if (news.length === 0) return slice;
  const { own } = slice;
  return {
    ...slice,
    lastMs: nowMs,
    total: addCells(slice.total, news),
    ...(own === undefined ? {} : { own: eachTest((test) => feed(own[test], ofTest(test, news))) }),
  };
}

/** Whether enough is known of it for others to be held against it. */
export function isMaterial({ total, incident }: SliceWatch, { baselineTraces }: WatchOptions): boolean {
  return incident === undefined && tracesIn(total) >= baselineTraces;
}

/**
 * Gives a slice its baseline, where there is one: the latest release before it that was not found to be worse, else its own
 * first traces once they are enough.
 */
export function holdAgainst(
  slice: SliceWatch,
  earlier: readonly SliceWatch[],
  { options, nowMs }: { readonly options: WatchOptions; readonly nowMs: number },
): SliceWatch {
  if (slice.own !== undefined) return slice;
  const candidates = earlier.filter((one) => one.firstMs < slice.firstMs && isMaterial(one, options));
  const latest = candidates.sort((a, b) => b.firstMs - a.firstMs)[0];
  const chosen = latest ?? (isMaterial(slice, options) ? slice : undefined);
  if (chosen === undefined) return slice;
  const baselines = baselinesOf(chosen.total, options);
  if (baselines === undefined) return slice;
  const against = { release: chosen.subject.release, baselines, batchMs: batchOf(chosen, options) };
  const isItself = chosen === slice;
  // What it was measured by is no news of it.
  const waiting = isItself ? [] : slice.total;
  const sinceMs = isItself ? nowMs : slice.firstMs;
  const own = eachTest((test) => {
    const detector = freshDetector(against, test, options);
    return { detector, waiting: ofTest(test, waiting), sinceMs };
  });
  return { ...slice, against, own };
}

/** The same for every test. */
export function eachTest<Value>(make: (test: Test) => Value): Readonly<Record<Test, Value>> {
  return { all: make('all'), checks: make('checks') };
}

/** What a test sees of these traces. */
export function ofTest(test: Test, cells: readonly Cell[]): readonly Cell[] {
  return test === 'all' ? cells : addCells(settledStream(cells));
}

/** A stream with more to count. */
export function feed<Fed extends Stream>(stream: Fed, cells: readonly Cell[]): Fed {
  return { ...stream, waiting: addCells(stream.waiting, cells) };
}

function baselinesOf(
  total: readonly Cell[],
  { smallestChangeRatio: smallestChange }: WatchOptions,
): HeldAgainst['baselines'] | undefined {
  const all = createBaseline(total, { smallestChange });
  const checks = createBaseline(ofTest('checks', total), { smallestChange });
  return all === null || checks === null ? undefined : { all, checks };
}

/** A detector that knows nothing but what it is held against. */
export function freshDetector(against: HeldAgainst, test: Test, options: WatchOptions): DetectorState {
  return createDetector(against.baselines[test], { checksPerFalseAlarm: checksPerFalseAlarm(against, options) });
}

/** log A of this slice alone. */
export function logThresholdOf(against: HeldAgainst, options: WatchOptions): number {
  return Math.log(checksPerFalseAlarm(against, options));
}

function checksPerFalseAlarm({ batchMs }: HeldAgainst, { falseAlarmsPerYear }: WatchOptions): number {
  return Math.max(1, checksPerYear(batchMs) / falseAlarmsPerYear);
}

/** When a stream is counted, and how far evidence may grow. */
export interface StepOptions {
  readonly batchMs: number;
  readonly nowMs: number;
  /** Evidence that an alarm would take, beyond which none is kept. */
  readonly logThreshold: number;
}

/** Counts what waits, once its time is over. Where nothing came nothing is learnt. */
export function step(stream: Stream, { batchMs, nowMs, logThreshold }: StepOptions): Stream {
  return advance(stream, { batchMs, nowMs }, (batch) => updateDetector({ ...stream.detector, logThreshold }, batch));
}

/** The same for the test of whether an incident is over. */
export function stepIncident(incident: Incident, when: Pick<StepOptions, 'batchMs' | 'nowMs'>): Incident {
  return advance(incident, when, (batch) => updateRecovery(incident.detector, batch));
}

function advance<Of extends Stream>(
  stream: Of,
  { batchMs, nowMs }: Pick<StepOptions, 'batchMs' | 'nowMs'>,
  update: (batch: DetectorBatch) => DetectorState,
): Of {
  if (nowMs - stream.sinceMs < batchMs) return stream;
  if (stream.waiting.length === 0) return { ...stream, sinceMs: nowMs };
  const startMs = Math.max(stream.sinceMs, stream.detector.untilMs ?? stream.sinceMs);
  const detector = update({ startMs: Math.min(startMs, nowMs - 1), endMs: nowMs, cells: stream.waiting });
  return { ...stream, detector, waiting: [], sinceMs: nowMs };
}

/** Begins to look for the end of what a test of this slice has found. */
export function beginIncident(slice: SliceWatch, test: Test, nowMs: number): Incident {
  const baseline = slice.against!.baselines[test];
  const { failRate, changePointMs } = evidence(slice.own![test].detector);
  const detector = createRecovery(baseline, failRate ?? 1, ofTest(test, slice.total));
  return { detector, test, waiting: [], sinceMs: nowMs, startedAtMs: changePointMs ?? nowMs };
}

function batchOf({ total, firstMs, lastMs }: SliceWatch, { batchMs }: WatchOptions): number {
  if (batchMs !== undefined) return batchMs;
  const days = Math.max(SHORTEST_MS, lastMs - firstMs) / DAY_MS;
  return batchLengthMs(tracesIn(total) / days);
}
