/** Verdicts that share one weight. */
export interface WeightedCount {
  readonly count: number;
  /** > 0 */
  readonly weight: number;
}

/**
 * Kish's effective number of verdicts: how many equally weighted ones would tell as much.
 *
 * @returns (Σw)² / Σw², at least 1; 0 when there are none
 * @see L. Kish (1965), Survey Sampling, section 11.7; (1992), J. Official Statistics 8(2), 183-200
 */
export function effectiveCount(groups: readonly WeightedCount[]): number {
  let sum = 0;
  let sumOfSquares = 0;
  for (const { count, weight } of groups) {
    sum += count * weight;
    sumOfSquares += count * weight * weight;
  }
  if (sum === 0) return 0;
  // At least 1 by Cauchy-Schwarz; rounding may end an epsilon below.
  return Math.max(1, (sum * sum) / sumOfSquares);
}
