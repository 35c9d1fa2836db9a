import { inverseIncompleteBeta } from './beta.js';

/**
 * Clopper-Pearson's exact interval for a rate: what certifies a floor, and what a count of few is shown with, where Wilson's
 * covers a little less than it says.
 *
 * @param count - of n, whole
 * @param n - whole, at least 1
 * @param alpha - what both sides together may miss; .05 for 95 %
 * @returns bounds of the rate, low then high, both in [0, 1]
 * @throws {RangeError} when n < 1 or count is outside [0, n]
 * @see C. J. Clopper and E. S. Pearson (1934), Biometrika 26, 404-413
 */
export function clopperPearsonInterval(count: number, n: number, alpha = 0.05): readonly [low: number, high: number] {
  if (!Number.isInteger(n) || n < 1) throw new RangeError(`expected a whole number n >= 1, got ${n}`);
  if (!Number.isInteger(count) || count < 0 || count > n)
    throw new RangeError(`expected a whole count in [0, ${n}], got ${count}`);
  return [
    count === 0 ? 0 : inverseIncompleteBeta(alpha / 2, count, n - count + 1),
    count === n ? 1 : inverseIncompleteBeta(1 - alpha / 2, count + 1, n - count),
  ];
}
