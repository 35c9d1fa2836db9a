import {
  createBaseline,
  createDetector,
  evidence,
  updateDetector,
  type Baseline,
  type DetectorState,
} from '../../gates/index.js';
import type { Prng } from '../estimates/prng.js';
import { drawCells, mixOf, NO_REGRESSION, type Mix, type Regression, type Traffic } from './traffic.js';

const DAY_MS = 86_400_000;

/** How one metric is watched. */
export interface Watching {
  readonly traffic: Traffic;
  readonly baselineDays: number;
  readonly batchMs: number;
  /** A. */
  readonly checksPerFalseAlarm: number;
}

/** The detector of the product, on a baseline that was itself drawn: with its own error. */
export function drawDetector(prng: Prng, watching: Watching): DetectorState {
  const { traffic, baselineDays, checksPerFalseAlarm } = watching;
  const mix = mixOf(traffic.judge, NO_REGRESSION);
  const cells = drawCells(prng, Math.round(traffic.tracesPerDay * baselineDays), { pi: traffic.pi, mix });
  return createDetector(createBaseline(cells) as Baseline, { checksPerFalseAlarm });
}

/** @returns bus time in ms from the change to the alarm; Infinity when there is none within `maxDays` */
export function delayMs(prng: Prng, watching: Watching, given: { regression: Regression; maxDays: number }): number {
  const mix = mixOf(watching.traffic.judge, given.regression);
  let state = drawDetector(prng, watching);
  const untilMs = given.maxDays * DAY_MS;
  for (let startMs = 0; startMs < untilMs; startMs += watching.batchMs) {
    state = next(prng, state, { watching, mix });
    if (evidence(state).isAlarm) return startMs + watching.batchMs;
  }
  return Infinity;
}

/** Alarms in days without any change; after each the detector begins anew, on the same baseline. */
export function falseAlarms(prng: Prng, watching: Watching, days: number): number {
  const mix = mixOf(watching.traffic.judge, NO_REGRESSION);
  const fresh = drawDetector(prng, watching);
  let state = fresh;
  let alarms = 0;
  for (let startMs = 0; startMs < days * DAY_MS; startMs += watching.batchMs) {
    state = next(prng, state, { watching, mix });
    if (!evidence(state).isAlarm) continue;
    alarms += 1;
    state = { ...fresh, untilMs: state.untilMs };
  }
  return alarms;
}

function next(prng: Prng, state: DetectorState, { watching, mix }: { watching: Watching; mix: Mix }): DetectorState {
  const { traffic, batchMs } = watching;
  const startMs = state.untilMs ?? 0;
  const traces = Math.round((traffic.tracesPerDay * batchMs) / DAY_MS);
  const cells = drawCells(prng, traces, { pi: traffic.pi, mix });
  return updateDetector(state, { startMs, endMs: startMs + batchMs, cells });
}
