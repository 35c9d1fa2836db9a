import { Z_95 } from './wilson.js';

/** Traces with a label and a verdict, counted by what both say. */
export interface LabelledPairs {
  readonly bothFail: number;
  readonly labelFails: number;
  readonly judgeFails: number;
  readonly bothPass: number;
}

/** Traces with a verdict and no label. */
export interface Unlabelled {
  readonly failed: number;
  /** At least 1. */
  readonly n: number;
}

export interface PpiOptions {
  readonly z?: number;
  /** How far the verdicts are trusted; chosen so that the interval is narrowest when it is left out. 0 uses labels alone, 1 is PPI. */
  readonly lambda?: number;
}

/** A failure rate; not cut to [0, 1], where few labels may leave it. */
export interface PpiEstimate {
  readonly failRate: number;
  readonly interval: readonly [low: number, high: number];
  /** In [0, 1] when it was chosen here. */
  readonly lambda: number;
}

/**
 * Prediction-powered failure rate (PPI++): the labels' own mean, moved by what the judge says of the traces without a label,
 * as far as label and verdict go together. The labels must be a random sample of the same traffic; under some 100 of them
 * the choice of λ by the same labels makes the interval a little too narrow.
 *
 * @throws {RangeError} when there are no labels or no traces without one
 * @see A. N. Angelopoulos, J. C. Duchi and T. Zrnic (2023), arXiv 2311.01453, Example 6.1 of the power tuning
 */
export function ppi(pairs: LabelledPairs, unlabelled: Unlabelled, options: PpiOptions = {}): PpiEstimate {
  const n = pairs.bothFail + pairs.labelFails + pairs.judgeFails + pairs.bothPass;
  if (!(n >= 1)) throw new RangeError('expected at least one label, got none');
  if (!(unlabelled.n >= 1)) throw new RangeError('expected at least one trace without a label, got none');
  const { z = Z_95 } = options;
  const label = (pairs.bothFail + pairs.labelFails) / n;
  const judged = (pairs.bothFail + pairs.judgeFails) / n;
  const elsewhere = unlabelled.failed / unlabelled.n;
  const covariance = pairs.bothFail / n - label * judged;
  const lambda =
    options.lambda ?? tuned(covariance, n, { failed: judged * n + unlabelled.failed, n: n + unlabelled.n });
  const failRate = label + lambda * (elsewhere - judged);
  const rectified = label * (1 - label) + lambda ** 2 * judged * (1 - judged) - 2 * lambda * covariance;
  const imputed = lambda ** 2 * elsewhere * (1 - elsewhere);
  // Rounding may leave the difference of the first an epsilon below 0.
  const margin = z * Math.sqrt(Math.max(0, rectified) / n + imputed / unlabelled.n);
  return { failRate, interval: [failRate - margin, failRate + margin], lambda };
}

/** λ = Cov(Y, F) / ((1 + n/N) Var F), with the variance of the verdicts of all traces, as the authors' own package takes it. */
function tuned(covariance: number, labels: number, all: Unlabelled): number {
  const rate = all.failed / all.n;
  const variance = (rate * (1 - rate) * all.n) / (all.n - 1);
  if (variance === 0) return 0;
  const lambda = covariance / ((1 + labels / (all.n - labels)) * variance);
  return Math.min(1, Math.max(0, lambda));
}
