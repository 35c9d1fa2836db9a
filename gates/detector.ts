import type { Cell } from '../core/cell.js';
import type { Stratum } from '../core/decision.js';
import { LARGEST_STAKE, worstLossOf, type Baseline, type Bet } from './baseline.js';
import { assertCell } from './estimate.js';
import { logMeanExp } from './log-sum-exp.js';
import { scoresOf, withoutVerdict } from './score.js';

/** What became of traces between two looks. */
export interface DetectorBatch {
  /** Bus time in ms; a batch begins no earlier than the one before it ended. */
  readonly startMs: number;
  readonly endMs: number;
  /**
   * Traces whose last word was spoken in this time: sampled out, settled, answered, or given up on as `unanswered`. Each is
   * in one batch only, with the pi of its decision; one that waits for its judge is in none yet.
   */
  readonly cells: readonly Cell[];
}

/** Evidence that one bet has gathered since it last had none. */
export interface BetState extends Bet {
  /** L: log of what the bet has made of 1. */
  readonly logEvidence: number;
  /** Where it began to gather: start of the first batch after L was last 0 or less. Null before any batch. */
  readonly sinceMs: number | null;
  /** What each stratum gave to it since then, in log units. */
  readonly byStratum: Readonly<Partial<Record<Stratum, number>>>;
  /** Traces since then, and the sum of their scores, both by upstream weight. */
  readonly weight: number;
  readonly scoreSum: number;
}

/** Everything a detector knows. Plain JSON: a process that is killed goes on from the last one it wrote. */
export interface DetectorState {
  readonly baseline: Baseline;
  /** log A. */
  readonly logThreshold: number;
  readonly batches: number;
  /** Where the last batch ended; null before any. */
  readonly untilMs: number | null;
  /** Largest loss seen possible so far, as `Baseline.worstLoss`: grows when a later policy samples more thinly. */
  readonly worstLoss: number;
  readonly bets: readonly BetState[];
}

export interface DetectorOptions {
  /** Looks in the time in which one false alarm is allowed: 288 × 365 for one a year of five-minute batches; >= 1. */
  readonly checksPerFalseAlarm: number;
  /** Detectors that share that one false alarm; 1 when absent. */
  readonly metrics?: number;
}

/**
 * A detector that has seen nothing yet.
 *
 * @throws {RangeError} when fewer than one check or metric is asked for
 */
export function createDetector(
  baseline: Baseline,
  { checksPerFalseAlarm, metrics = 1 }: DetectorOptions,
): DetectorState {
  for (const count of [checksPerFalseAlarm, metrics]) {
    if (!(count >= 1) || !Number.isFinite(count)) throw new RangeError(`expected at least 1, got ${count}`);
  }
  return {
    baseline,
    logThreshold: Math.log(checksPerFalseAlarm) + Math.log(metrics),
    batches: 0,
    untilMs: null,
    worstLoss: baseline.worstLoss,
    bets: baseline.bets.map((bet) => ({ ...bet, ...NOTHING, sinceMs: null })),
  };
}

const NOTHING = { logEvidence: 0, byStratum: {}, weight: 0, scoreSum: 0 } as const;

/**
 * The detector after one more batch. Exact for any size of batch: each bet is a product of factors with mean at most 1
 * while failures are no more frequent than the null rate, so the mean number of batches to a false alarm is at least A.
 *
 * A bet that lost everything begins anew, which is why a change is seen late or early alike. One that won is held at
 * what is enough for an alarm, so that a recovery shows as soon after a long incident as after a short one.
 *
 * @throws {RangeError} when a cell is impossible, or the batch begins before the last one ended
 * @see J. Shin, A. Ramdas and A. Rinaldo (2024), E-detectors, NEJSDS 2(2), 229-260; docs/adr/0017-alarm-by-betting.md
 */
export function updateDetector(state: DetectorState, batch: DetectorBatch): DetectorState {
  const { baseline } = state;
  assertOrder(state, batch);
  batch.cells.forEach(assertCell);
  const worstLoss = Math.max(state.worstLoss, worstLossOf(batch.cells, baseline));
  // What one bet needs for an alarm on its own, and a little more, so that rounding cannot take it back.
  const ceiling = state.logThreshold + Math.log(state.bets.length) + 0.01;
  return {
    ...state,
    batches: state.batches + 1,
    untilMs: batch.endMs,
    worstLoss,
    bets: state.bets.map((bet) => {
      // The same bet on every trace of a batch: one lowered for thinly sampled strata only would favour the others.
      const lambda = Math.min(bet.lambda, LARGEST_STAKE / worstLoss);
      const before: BetState = bet.logEvidence > 0 ? bet : { ...bet, ...NOTHING, sinceMs: batch.startMs };
      return placeBet(before, batch.cells, { baseline, lambda, ceiling });
    }),
  };
}

function placeBet(
  before: BetState,
  cells: readonly Cell[],
  { baseline, lambda, ceiling }: { baseline: Baseline; lambda: number; ceiling: number },
): BetState {
  let { logEvidence, weight, scoreSum } = before;
  const byStratum: Partial<Record<Stratum, number>> = { ...before.byStratum };
  for (const cell of cells) {
    if (cell.traces === 0) continue;
    const scores = scoresOf(cell, baseline.stratumRates);
    const unsampled = withoutVerdict(cell);
    const relativeWeight = cell.upstreamWeight / baseline.upstreamWeight;
    const stake = lambda * relativeWeight;
    const gain = (count: number, score: number): number =>
      count === 0 ? 0 : count * Math.log1p(stake * (score - baseline.nullRate));
    const gained =
      gain(cell.failed, scores.failed) + gain(cell.passed, scores.passed) + gain(unsampled, scores.unsampled);
    logEvidence += gained;
    byStratum[cell.stratum] = (byStratum[cell.stratum] ?? 0) + gained;
    weight += relativeWeight * cell.traces;
    scoreSum +=
      relativeWeight * (cell.failed * scores.failed + cell.passed * scores.passed + unsampled * scores.unsampled);
  }
  return { ...before, logEvidence: Math.min(logEvidence, ceiling), byStratum, weight, scoreSum };
}

/** What a detector says now. */
export interface Evidence {
  /** log of the mean of all bets: what is held against `logThreshold`. */
  readonly logEvidence: number;
  readonly logThreshold: number;
  readonly isAlarm: boolean;
  /** No bet has anything left. Data that stopped leaves it as it was. */
  readonly isQuiet: boolean;
  /** Start of the first batch of the leading bet's run: when it got worse, as far as is known. Null before any batch. */
  readonly changePointMs: number | null;
  /** Failure rate since the change point; above 1 or below 0 only by chance, where few were judged. Null without traces. */
  readonly failRate: number | null;
  /** The bet with the most evidence. */
  readonly leading: BetState;
}

/** Reads a detector; the state stays as it is. */
export function evidence({ bets, logThreshold, batches }: DetectorState): Evidence {
  const logEvidence = logMeanExp(bets.map((bet) => bet.logEvidence));
  const leading = bets.reduce((best, bet) => (bet.logEvidence > best.logEvidence ? bet : best));
  return {
    logEvidence,
    logThreshold,
    isAlarm: batches > 0 && logEvidence >= logThreshold,
    isQuiet: bets.every((bet) => bet.logEvidence <= 0),
    changePointMs: leading.sinceMs,
    failRate: leading.weight === 0 ? null : leading.scoreSum / leading.weight,
    leading,
  };
}

function assertOrder({ untilMs }: DetectorState, { startMs, endMs }: DetectorBatch): void {
  if (!(startMs < endMs)) throw new RangeError(`expected a batch that ends after ${startMs}, got ${endMs}`);
  if (untilMs !== null && startMs < untilMs) {
    throw new RangeError(`expected a batch from ${untilMs} on, got one from ${startMs}: it would count twice`);
  }
}
