import type { Cell } from '../core/cell.js';
import { STRATA } from '../core/decision.js';
import { createBaseline, LARGEST_STAKE, type Baseline } from './baseline.js';
import { assertCell, estimatePassRate } from './estimate.js';
import { logMeanExp } from './log-sum-exp.js';
import { gateOptions, moreItems, verdictOf, type GateComparison, type GateOptions } from './release-gate.js';
import { scoresOf, withoutVerdict } from './score.js';

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
  const frozen = createBaseline(baseline);
  const [low, high] = estimatePassRate(baseline, { z: zOf(BASELINE_SHARE * alpha) }).interval ?? [0, 1];
  const before = estimatePassRate(baseline);
  const after = estimatePassRate(candidate);
  const cells = candidate.map(asAnswered);
  const logThreshold = Math.log(1 / ((1 - BASELINE_SHARE) * alpha));
  const worse = 1 - low;
  const evidenceAt = (factor: number): readonly [ofDrop: number, ofNoDrop: number] =>
    frozen === null
      ? [0, 0]
      : [
          logBets(cells, { frozen, nullRate: worse, direction: 1, factor }),
          logBets(cells, { frozen, nullRate: 1 - high + margin, direction: -1, factor }),
        ];
  const [logEvidenceOfDrop, logEvidenceOfNoDrop] = evidenceAt(1);
  const objections = objectionsTo(candidate, after.unansweredShare, frozen);
  const items = cells.reduce((sum, cell) => sum + cell.traces, 0);
  const known = before.passRate !== null && after.passRate !== null;
  return {
    verdict: verdictOf({ logEvidenceOfDrop, logEvidenceOfNoDrop, logThreshold, objections }),
    items,
    drop: known ? before.passRate - after.passRate : null,
    largestDrop: frozen === null ? 1 : largestDrop(cells, { frozen, high, logThreshold }),
    margin,
    logEvidenceOfDrop,
    logEvidenceOfNoDrop,
    logThreshold,
    moreItems: {
      toBlock: moreItems(items, (factor) => evidenceAt(factor)[0] >= logThreshold),
      toPass: moreItems(items, (factor) => evidenceAt(factor)[1] >= logThreshold),
    },
    objections,
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
    frozen.bets.map((bet) => {
      const lambda = direction * Math.min(bet.lambda, LARGEST_STAKE / worstLoss);
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
function largestDrop(
  cells: readonly Cell[],
  { frozen, high, logThreshold }: { frozen: Baseline; high: number; logThreshold: number },
): number {
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
