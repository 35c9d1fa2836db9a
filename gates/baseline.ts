import type { Cell } from '../core/cell.js';
import { STRATA, type Stratum } from '../core/decision.js';
import { weightedFailRate } from './effective-verdicts.js';
import { assertCell } from './estimate.js';
import { scoresOf, withoutVerdict, type StratumRates } from './score.js';

/** Changes that are looked for, as shares: a quarter of a point to four points. */
export const CHANGES = [0.0025, 0.005, 0.01, 0.02, 0.04] as const;

/** How many standard errors of the baseline are forgiven: what it was measured with is not the agent's fault. */
const FORGIVEN_ERRORS = 2;

/**
 * Changes below so many standard errors get no bet: they drown in what is forgiven, and would take their share of the
 * purse from the others. At 2,000 traces a week this sees two points a day sooner.
 */
const BET_FROM_ERRORS = 3;

/** Of the largest loss that a bet could make; below 1, so that no trace can take everything. */
export const LARGEST_STAKE = 0.9;

/** A bet against "no worse than the baseline": the lambda that pays best when the failure rate is `change` too high. */
export interface Bet {
  /** Share by which failures have risen; in (0, 1). */
  readonly change: number;
  readonly lambda: number;
}

/** What a release or a window was like, frozen: everything that a detector must know before the traces it looks at. Plain JSON. */
export interface Baseline {
  /** g: failure rate of each stratum. */
  readonly stratumRates: StratumRates;
  /** μ₀: failure rate of the baseline. */
  readonly failRate: number;
  /** se₀, with which `failRate` is known. */
  readonly standardError: number;
  /** σ²: variance of the score of one trace. */
  readonly variance: number;
  /** c = μ₀ + tolerance: what is tested is that failures are no more frequent than this; in (0, 1). */
  readonly nullRate: number;
  /** Mean upstream weight, by which those of later traces are measured. */
  readonly upstreamWeight: number;
  /** The most that one trace of the baseline could have fallen short of `nullRate`: c − X_min where nothing was sampled upstream. */
  readonly worstLoss: number;
  readonly bets: readonly Bet[];
  readonly traces: number;
  /** Traces with a pass or a fail, settled ones included. */
  readonly withVerdict: number;
}

export interface BaselineOptions {
  /** Smallest rise of the failure rate that is not forgiven, as a share; 0.0005 when absent. */
  readonly smallestChange?: number;
  /** Rises to be quick at, as shares, at least one; a quarter of a point to four points when absent. */
  readonly changes?: readonly number[];
}

/**
 * Freezes a window of 14 to 60 days, or a release, as that which later traces are held against.
 *
 * The variance counts half a failure and half a pass more than each stratum had: a few verdicts without any failure
 * would otherwise make a baseline that is sure of itself. A stratum that nobody judged may have failed altogether, and its share is
 * forgiven whole.
 *
 * @param cells - of the window; traces still waiting for their judge count as sampled out
 * @returns null when too little is known: no trace has a verdict, or the baseline cannot tell its own rate from 1
 * @throws {RangeError} when a cell is impossible or an option is outside (0, 1)
 * @see statistics in docs/adr/0017-alarm-by-betting.md
 */
export function createBaseline(cells: readonly Cell[], options: BaselineOptions = {}): Baseline | null {
  cells.forEach(assertCell);
  const { smallestChange = 0.0005, changes = CHANGES } = options;
  for (const change of [smallestChange, ...changes]) {
    if (!(change > 0 && change < 1)) throw new RangeError(`expected a change in (0, 1), got ${change}`);
  }
  if (changes.length === 0) throw new RangeError('expected at least one change, got none');
  const traces = sum(cells, (cell) => cell.traces);
  const withVerdict = sum(cells, (cell) => cell.passed + cell.failed);
  if (withVerdict === 0) return null;

  const stratumRates = ratesOf(cells);
  const weight = sum(cells, sizeOf);
  const failRate = sum(cells, (cell) => sizeOf(cell) * stratumRates[cell.stratum]) / weight;
  const upstreamWeight = weight / traces;
  const variance = varianceOf(cells, { stratumRates, failRate, upstreamWeight });
  const standardError = Math.sqrt(variance / traces);
  const unknownShare = sum(cells, (cell) => (hasVerdict(cells, cell.stratum) ? 0 : sizeOf(cell))) / weight;
  const nullRate = failRate + Math.max(FORGIVEN_ERRORS * standardError, smallestChange) + unknownShare;
  if (nullRate >= 1) return null;
  const known = { stratumRates, nullRate, upstreamWeight };
  const loss = worstLossOf(cells, known);
  return {
    ...known,
    failRate,
    standardError,
    variance,
    worstLoss: loss,
    bets: worthBetting(changes, standardError).map((change) => ({
      change,
      lambda: Math.min(bestLambda(change, variance), LARGEST_STAKE / loss),
    })),
    traces,
    withVerdict,
  };
}

/**
 * The most that one trace of these cells can fall short of the null rate: bets are kept below its inverse.
 * 0 when there are no traces.
 */
export function worstLossOf(
  cells: readonly Cell[],
  baseline: Pick<Baseline, 'stratumRates' | 'nullRate' | 'upstreamWeight'>,
): number {
  let worst = 0;
  for (const cell of cells) {
    if (cell.traces === 0) continue;
    const { passed } = scoresOf(cell, baseline.stratumRates);
    worst = Math.max(worst, (cell.upstreamWeight / baseline.upstreamWeight) * (baseline.nullRate - passed));
  }
  return worst;
}

/** The bet that grows fastest, to second order, when the score is `change` too high on average. */
export function bestLambda(change: number, variance: number): number {
  return change / (variance + change * change);
}

function worthBetting(changes: readonly number[], standardError: number): readonly number[] {
  const largest = Math.max(...changes);
  return changes.filter((change) => change === largest || change >= BET_FROM_ERRORS * standardError);
}

/** Hájek's rate in each stratum; of one without a verdict, that of the other sampled ones, or of all. */
function ratesOf(cells: readonly Cell[]): StratumRates {
  const rateOf = (own: readonly Cell[]): number =>
    weightedFailRate(
      own.map(({ passed, failed, upstreamWeight, pi }) => ({ passed, failed, weight: upstreamWeight / pi })),
    );
  const sampled = rateOf(cells.filter((cell) => cell.stratum !== 'settled'));
  const pooled = Number.isNaN(sampled) ? rateOf(cells) : sampled;
  const of = (stratum: Stratum): number => {
    const own = rateOf(cells.filter((cell) => cell.stratum === stratum));
    return Number.isNaN(own) ? pooled : own;
  };
  return {
    settled: of('settled'),
    suspected: of('suspected'),
    unsuspected: of('unsuspected'),
    incomplete: of('incomplete'),
  };
}

/** Of `v(X − μ₀)`, where v is the upstream weight over its mean; of X itself while nothing is sampled upstream. */
function varianceOf(
  cells: readonly Cell[],
  { stratumRates, failRate, upstreamWeight }: Pick<Baseline, 'stratumRates' | 'failRate' | 'upstreamWeight'>,
): number {
  const smoothed = new Map(STRATA.map((stratum) => [stratum, smoothedFailRate(cells, stratum)]));
  const squares = sum(cells, (cell) => {
    const scores = scoresOf(cell, stratumRates);
    const verdicts = cell.passed + cell.failed;
    const fails = smoothed.get(cell.stratum)!;
    const square = (score: number): number => (score - failRate) ** 2;
    const ofVerdicts = fails * square(scores.failed) + (1 - fails) * square(scores.passed);
    const own = verdicts * ofVerdicts + withoutVerdict(cell) * square(scores.unsampled);
    return (cell.upstreamWeight / upstreamWeight) ** 2 * own;
  });
  return squares / sum(cells, (cell) => cell.traces);
}

function smoothedFailRate(cells: readonly Cell[], stratum: Stratum): number {
  const own = cells.filter((cell) => cell.stratum === stratum);
  const failed = sum(own, (cell) => cell.failed);
  return (failed + 0.5) / (failed + sum(own, (cell) => cell.passed) + 1);
}

function hasVerdict(cells: readonly Cell[], stratum: Stratum): boolean {
  return cells.some((cell) => cell.stratum === stratum && cell.passed + cell.failed > 0);
}

function sizeOf(cell: Cell): number {
  return cell.traces * cell.upstreamWeight;
}

function sum(cells: readonly Cell[], pick: (cell: Cell) => number): number {
  return cells.reduce((total, cell) => total + pick(cell), 0);
}
