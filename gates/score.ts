import type { Cell } from '../core/cell.js';
import type { Stratum } from '../core/decision.js';

/** Predicted failure rate of each stratum, fixed before the traces are seen; in [0, 1]. */
export type StratumRates = Readonly<Record<Stratum, number>>;

/** What one trace of a cell scores, by what became of it. Unanswered ones score as those that were sampled out. */
export interface Scores {
  readonly failed: number;
  readonly passed: number;
  readonly unsampled: number;
}

/**
 * Score of a trace: `X = g + (ξ / π)(Y − g)`, where ξ says whether it was judged and Y whether it failed. Its mean is
 * the failure probability whatever g is, so a g that is wrong costs power and not validity.
 *
 * @see A. Zrnic and E. J. Candès (2024), Active statistical inference, arXiv 2403.03208
 */
export function scoresOf({ stratum, pi }: Cell, g: StratumRates): Scores {
  const predicted = g[stratum];
  return { failed: predicted + (1 - predicted) / pi, passed: predicted - predicted / pi, unsampled: predicted };
}

/** Traces of the cell without a pass or a fail: sampled out, or selected and not answered. */
export function withoutVerdict({ traces, passed, failed }: Cell): number {
  return traces - passed - failed;
}
