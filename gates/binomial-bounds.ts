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
  if (passed === 0) return 0;
  let low = 0;
  let high = 1;
  // The chance rises with the rate. 60 halvings leave less than the last digit of the bound.
  for (let halving = 0; halving < 60; halving += 1) {
    const rate = (low + high) / 2;
    if (chanceOfAtLeast(passed, n, rate) <= alpha) low = rate;
    else high = rate;
  }
  return low;
}

/** P(X >= count) of a binomial count, for a rate inside (0, 1). */
function chanceOfAtLeast(count: number, n: number, rate: number): number {
  const odds = Math.log(rate) - Math.log1p(-rate);
  let logTerm = n * Math.log1p(-rate);
  let below = 0;
  for (let k = 0; k < count; k += 1) {
    below += Math.exp(logTerm);
    logTerm += Math.log((n - k) / (k + 1)) + odds;
  }
  return 1 - below;
}
