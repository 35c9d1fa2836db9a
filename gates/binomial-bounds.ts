import { clopperPearsonInterval } from './clopper-pearson.js';

/**
 * Exact one-sided lower bound of a rate: the largest rate at which so many passes or more would have had a chance of at
 * most alpha. This certifies a floor; that of two sides is found by half of alpha.
 *
 * @param passed - whole, in [0, n]
 * @param n - whole, >= 0; nothing is known of none, and the bound is 0
 * @param alpha - the chance that the rate is below the bound all the same; .05 for 95 %
 * @throws {RangeError} when passed is outside [0, n]
 * @see C. J. Clopper and E. S. Pearson (1934), Biometrika 26, 404-413
 */
export function lowerBound(passed: number, n: number, alpha = 0.05): number {
  if (!Number.isInteger(n) || !Number.isInteger(passed) || passed < 0 || passed > n) {
    throw new RangeError(`expected whole passes in [0, ${n}], got ${passed}`);
  }
  if (!(alpha > 0 && alpha < 0.5)) throw new RangeError(`expected alpha in (0, 0.5), got ${alpha}`);
  return passed === 0 ? 0 : clopperPearsonInterval(passed, n, 2 * alpha)[0];
}
