import { jeffreysInterval } from './jeffreys.js';
import { moverMargins, type Term } from './mover.js';
import { Z_95 } from './wilson.js';

/** From this share of traffic on that no label speaks of, no corrected rate is told. */
const UNLABELLED_LIMIT_RATIO = 0.05;

/** Traces of one stratum with the same verdict, and what people said of a random part of them. */
export interface LabelCell {
  /** Of the stratum, by weight; those of a stratum sum to 1. */
  readonly share: number;
  readonly labels: number;
  /** Of these, how many a person failed. */
  readonly failed: number;
}

/** A part of the population whose size is known. */
export interface LabelStratum {
  /** Of the population; those of all strata sum to 1. */
  readonly share: number;
  /** Effective number of verdicts that the shares of its cells rest on; Infinity where all of them are known. */
  readonly verdicts: number;
  /** None where no trace of it has a verdict. */
  readonly cells: readonly LabelCell[];
}

export interface TwoPhaseOptions {
  /** Effective number of traces that the shares of the strata rest on. */
  readonly traces: number;
}

/** What people would say if they had looked at everything. Rates are in [0, 1]. */
export interface TwoPhaseEstimate {
  readonly failRate: number;
  readonly interval: readonly [low: number, high: number];
  /** V of the label cells, smoothed so that a cell without a failure is not certain, and of the judged sample. */
  readonly variance: number;
  readonly labels: number;
  /** Share of the population in cells without a label: each counts as 0 to 100 %. */
  readonly unlabelledShare: number;
}

/**
 * True failure rate by two-phase sampling: verdicts say how large each cell of stratum × verdict is, labels how often what is in
 * it truly fails. `θ = Σ W_c r_c`; a judge that errs makes no bias, only cells that tell little.
 *
 * The 95 % interval joins Jeffreys' of each cell by MOVER, with the variance of the judged sample as a further term: the plain
 * form `θ ± z √V` is right only while every cell has failures (docs/adr/0016-human-labels.md has both, simulated).
 *
 * @returns null where more than 5 % of the population is in cells without a label
 * @throws {RangeError} when a share or a count is impossible
 * @see J. Neyman (1938), JASA 33, 101-116, for double sampling; A. Fisch et al. (2024), arXiv 2406.04291, for labels by strata of verdicts
 */
export function twoPhase(strata: readonly LabelStratum[], { traces }: TwoPhaseOptions): TwoPhaseEstimate | null {
  strata.forEach(assertStratum);
  const cells = strata.flatMap(({ share, cells: own }) => own.map((cell) => ({ ...cell, weight: share * cell.share })));
  const known = cells.filter(({ labels }) => labels > 0);
  const knownShare = known.reduce((sum, { weight }) => sum + weight, 0);
  const unlabelledShare = Math.max(0, 1 - knownShare);
  if (known.length === 0 || unlabelledShare > UNLABELLED_LIMIT_RATIO) return null;
  const knownPart = known.reduce((sum, { weight, failed, labels }) => sum + (weight * failed) / labels, 0);
  const pooled = knownPart / knownShare;
  const judged = judgedVariance(strata, pooled, traces);
  const [below, above] = moverMargins(known.map(toTerm), Z_95 ** 2 * judged);
  const variance = judged + known.reduce((sum, cell) => sum + labelVariance(cell), 0);
  return {
    failRate: knownPart + unlabelledShare * pooled,
    // What is not known is no random error: it is added whole, not in quadrature.
    interval: [Math.max(0, knownPart - below), Math.min(1, knownPart + unlabelledShare + above)],
    variance,
    labels: known.reduce((sum, { labels }) => sum + labels, 0),
    unlabelledShare,
  };
}

interface WeightedCell extends LabelCell {
  readonly weight: number;
}

function toTerm({ weight, failed, labels }: WeightedCell): Term {
  const [low, high] = jeffreysInterval(failed, labels);
  return { estimate: (weight * failed) / labels, low: weight * low, high: weight * high };
}

/** With (k + ½)/(m + 1) in place of k/m. */
function labelVariance({ weight, failed, labels }: WeightedCell): number {
  const rate = (failed + 0.5) / (labels + 1);
  return (weight ** 2 * rate * (1 - rate)) / labels;
}

/** Of the post-stratified mean of what the labels make of each verdict: the sizes of cells are estimated, and strata vary in size. */
function judgedVariance(strata: readonly LabelStratum[], pooled: number, traces: number): number {
  let variance = 0;
  for (const { share, verdicts, cells } of strata) {
    const rates = cells.map((cell) => ({
      share: cell.share,
      rate: cell.labels === 0 ? pooled : cell.failed / cell.labels,
    }));
    const mean = rates.reduce((sum, cell) => sum + cell.share * cell.rate, cells.length === 0 ? pooled : 0);
    const within = rates.reduce((sum, cell) => sum + cell.share * (cell.rate - mean) ** 2, 0);
    variance += (share ** 2 * within) / verdicts + (share * (mean - pooled) ** 2) / traces;
  }
  return variance;
}

function assertStratum({ share, verdicts, cells }: LabelStratum): void {
  if (!(share >= 0 && share <= 1 + 1e-9)) throw new RangeError(`expected a share in [0, 1], got ${share}`);
  if (!(verdicts > 0) && cells.length > 0) throw new RangeError(`expected more than 0 verdicts, got ${verdicts}`);
  for (const { labels, failed } of cells) {
    if (!(labels >= 0 && failed >= 0 && failed <= labels))
      throw new RangeError(`expected failures in [0, labels], got ${failed} of ${labels}`);
  }
}
