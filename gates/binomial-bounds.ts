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
  if (passed === 0) return 0;
  const logWays = logChoose(n, passed);
  let low = 0;
  // At the rate that was seen, as many or more come out at least every other time.
  let high = passed / n;
  // The chance rises with the rate. 55 halvings leave less than the last digit of the bound.
  for (let halving = 0; halving < 55; halving += 1) {
    const rate = (low + high) / 2;
    if (chanceOfAtLeast(passed, { n, rate, logWays }) <= alpha) low = rate;
    else high = rate;
  }
  return low;
}

/** P(X >= count) of a binomial count, for a rate in (0, count / n], where the terms of the sum only fall. */
function chanceOfAtLeast(count: number, { n, rate, logWays }: { n: number; rate: number; logWays: number }): number {
  const odds = rate / (1 - rate);
  let term = Math.exp(logWays + count * Math.log(rate) + (n - count) * Math.log1p(-rate));
  let total = 0;
  for (let k = count; k <= n && term > total * Number.EPSILON; k += 1) {
    total += term;
    term *= ((n - k) / (k + 1)) * odds;
  }
  return total;
}

function logChoose(n: number, k: number): number {
  let log = 0;
  for (let step = 1; step <= Math.min(k, n - k); step += 1) log += Math.log((n - step + 1) / step);
  return log;
}
