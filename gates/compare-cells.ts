import type { Cell } from '../core/cell.js';
import { STRATA } from '../core/decision.js';
import { bestLambda, CHANGES, createBaseline, LARGEST_STAKE, type Baseline } from './baseline.js';
import { assertCell, estimatePassRate } from './estimate.js';
import { logMeanExp } from './log-sum-exp.js';
import {
  gateOptions,
  moreItems,
  verdictOf,
  type GateComparison,
  type GateOptions,
  type GateResult,
} from './release-gate.js';
import { scoresOf, withoutVerdict } from './score.js';
import { settledStream } from './streams.js';

/** Of alpha, for the baseline's own error; the rest is for the evidence. */
const BASELINE_SHARE = 0.2;

/** Above this share of the selected without an answer, "missing at random" is too much to pass a release on. */
const UNANSWERED_LIMIT_RATIO = 0.05;

/**
 * The gate for traces of two releases that do not pair: the candidate's are held against a bound of the baseline's rate, by
 * the same bets as the alarm. May be looked at as often as one likes while the baseline stands.
 *
 * Each cell counts as sampled with the probability it was answered with, where that is the smaller: what waits for its judge
 * or was not answered is taken to be missing at random.
 *
 * @throws {RangeError} when a cell is impossible, or an option is outside (0, 1)
 * @see docs/adr/0017-alarm-by-betting.md
 */
export function compareCells(
  { baseline, candidate }: { readonly baseline: readonly Cell[]; readonly candidate: readonly Cell[] },
  options: GateOptions = {},
): GateComparison {
  const { margin, alpha } = gateOptions(options);
  candidate.forEach(assertCell);
  const before = estimatePassRate(baseline);
  const after = estimatePassRate(candidate);
  const cells = candidate.map(asAnswered);
  const logThreshold = Math.log(1 / ((1 - BASELINE_SHARE) * alpha));
  const known = boundsOf(baseline, alpha);
  const evidenceAt = (factor: number): Evidences => evidences(cells, { known, margin, factor });
  const [logEvidenceOfDrop, logEvidenceOfNoDrop] = evidenceAt(1);
  const objections = objectionsTo(candidate, after.unansweredShare, known.frozen);
  const items = cells.reduce((sum, cell) => sum + cell.traces, 0);
  const toBlock = moreItems(items, (factor) => evidenceAt(factor)[0] >= logThreshold);
  const toPass = moreItems(items, (factor) => evidenceAt(factor)[1] >= logThreshold);
  const decidesWithMoreOfBoth = (): boolean =>
    evidences(cells, { known: boundsOf(baseline.map(manyTimes), alpha), margin, factor: MANY }).some(
      (log) => log >= logThreshold,
    );
  return {
    verdict: verdictOf({ logEvidenceOfDrop, logEvidenceOfNoDrop, logThreshold, objections }),
    items,
    drop: before.passRate === null || after.passRate === null ? null : before.passRate - after.passRate,
    largestDrop: largestDrop(cells, known, logThreshold),
    margin,
    logEvidenceOfDrop,
    logEvidenceOfNoDrop,
    logThreshold,
    moreItems: { toBlock, toPass },
    isBaselineThin: toBlock === null && toPass === null && decidesWithMoreOfBoth(),
    objections,
  };
}

/** Of alpha, for what checks failed, where checks settle traces at all. */
const SETTLED_SHARE = 0.4;

/**
 * The gate for traces of two releases: all of them, and what checks failed as a slice of its own, since that is known of every trace
 * and shows a fall that the sampled ones cannot tell from noise yet. Either blocks; all of them decide what passes.
 */
export function compareTraces(
  releases: { readonly baseline: readonly Cell[]; readonly candidate: readonly Cell[] },
  options: GateOptions = {},
): GateResult {
  const { margin, alpha } = gateOptions(options);
  const hasSettled = [...releases.baseline, ...releases.candidate].some(
    (cell) => cell.stratum === 'settled' && cell.traces > 0,
  );
  if (!hasSettled) {
    const comparison = compareCells(releases, { margin, alpha });
    return { verdict: comparison.verdict, slices: [{ name: '', comparison }] };
  }
  const all = compareCells(releases, { margin, alpha: (1 - SETTLED_SHARE) * alpha });
  const streams = { baseline: settledStream(releases.baseline), candidate: settledStream(releases.candidate) };
  const settled = compareCells(streams, { margin, alpha: SETTLED_SHARE * alpha });
  return {
    verdict: settled.verdict === 'BLOCK' ? 'BLOCK' : all.verdict,
    slices: [
      { name: '', comparison: all },
      { name: 'check-settled', comparison: settled },
    ],
  };
}

/** What is known of the baseline: what bets are placed by, and bounds of its pass rate. */
interface Known {
  readonly frozen: Baseline | null;
  readonly low: number;
  readonly high: number;
}

type Evidences = readonly [ofDrop: number, ofNoDrop: number];

/** So many times the traces that there are stands for a supply without end: what that does not decide, more traces will not. */
const MANY = 1_000;

function boundsOf(baseline: readonly Cell[], alpha: number): Known {
  const [low, high] = estimatePassRate(baseline, { z: zOf(BASELINE_SHARE * alpha) }).interval ?? [0, 1];
  return { frozen: createBaseline(baseline), low, high };
}

function evidences(
  cells: readonly Cell[],
  { known: { frozen, low, high }, margin, factor }: { known: Known; margin: number; factor: number },
): Evidences {
  if (frozen === null) return [0, 0];
  return [
    logBets(cells, { frozen, nullRate: 1 - low, direction: 1, factor }),
    logBets(cells, { frozen, nullRate: 1 - high + margin, direction: -1, factor }),
  ];
}

function manyTimes(cell: Cell): Cell {
  const { traces, passed, failed, unanswered } = cell;
  return {
    ...cell,
    traces: MANY * traces,
    passed: MANY * passed,
    failed: MANY * failed,
    unanswered: MANY * unanswered,
  };
}

interface Side {
  readonly frozen: Baseline;
  /** Failure rate that is tested: no more than this (direction 1), or no less (−1). */
  readonly nullRate: number;
  readonly direction: 1 | -1;
  /** Times the traces there are. */
  readonly factor: number;
}

function logBets(cells: readonly Cell[], { frozen, nullRate, direction, factor }: Side): number {
  // Nothing can be more frequent than always, and nothing less than never: no bet is open.
  if (nullRate <= 0 || nullRate >= 1) return direction === 1 ? 0 : nullRate >= 1 ? Infinity : 0;
  const parts = cells
    .filter((cell) => cell.traces > 0)
    .map((cell) => ({
      cell,
      weight: cell.upstreamWeight / frozen.upstreamWeight,
      scores: scoresOf(cell, frozen.stratumRates),
    }));
  const losses = parts.map(({ weight, scores }) => {
    const worst = direction === 1 ? scores.passed : scores.failed;
    return weight * direction * (nullRate - worst);
  });
  const worstLoss = Math.max(nullRate, ...losses);
  return logMeanExp(
    // All of them: a gate may have any number of traces, and small changes are seen by small bets alone.
    CHANGES.map((change) => {
      const lambda = direction * Math.min(bestLambda(change, frozen.variance), LARGEST_STAKE / worstLoss);
      let log = 0;
      for (const { cell, weight, scores } of parts) {
        const gain = (count: number, score: number): number =>
          count === 0 ? 0 : factor * count * Math.log1p(lambda * weight * (score - nullRate));
        log +=
          gain(cell.failed, scores.failed) +
          gain(cell.passed, scores.passed) +
          gain(withoutVerdict(cell), scores.unsampled);
      }
      return log;
    }),
  );
}

/** The smallest drop below the baseline's upper bound that the evidence excludes. */
function largestDrop(cells: readonly Cell[], { frozen, high }: Known, logThreshold: number): number {
  if (frozen === null) return 1;
  let low = -1;
  let above = 1;
  for (let halving = 0; halving < 40; halving += 1) {
    const drop = (low + above) / 2;
    const log = logBets(cells, { frozen, nullRate: 1 - high + drop, direction: -1, factor: 1 });
    if (log >= logThreshold) above = drop;
    else low = drop;
  }
  return above;
}

/** With the probability that its traces were answered with, where that is below the one they were drawn with. */
function asAnswered(cell: Cell): Cell {
  const answered = cell.passed + cell.failed;
  if (cell.stratum === 'settled' || answered === 0) return cell;
  return { ...cell, pi: Math.min(cell.pi, answered / cell.traces) };
}

function objectionsTo(candidate: readonly Cell[], unansweredShare: number, frozen: Baseline | null): readonly string[] {
  const objections: string[] = [];
  if (frozen === null) objections.push('the baseline has no verdict to compare with');
  if (unansweredShare > UNANSWERED_LIMIT_RATIO) {
    objections.push(`${Math.round(100 * unansweredShare)} % of the candidate's selected traces have no answer`);
  }
  for (const stratum of STRATA) {
    const own = candidate.filter((cell) => cell.stratum === stratum && cell.traces > 0);
    if (own.length > 0 && own.every((cell) => cell.passed + cell.failed === 0)) {
      objections.push(`no ${stratum} trace of the candidate has a verdict`);
    }
  }
  return objections;
}

/**
 * Quantile of the standard normal distribution that leaves `alpha` on one side; to 4.5e-4.
 *
 * @see M. Abramowitz and I. A. Stegun (1964), Handbook of Mathematical Functions, 26.2.23
 */
function zOf(alpha: number): number {
  const t = Math.sqrt(-2 * Math.log(alpha));
  return t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3);
}
