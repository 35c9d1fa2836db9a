import { inverseIncompleteBeta } from './beta.js';

/**
 * Jeffreys' interval for a rate, with the ends that it has to have at none and all. Where Wilson's is wide for the few failures
 * of a large cell, it is not: joined over cells of labels it covers as often and is a quarter narrower.
 *
 * @param count - of n; in [0, n]
 * @param n - at least 1
 * @param alpha - what both sides together may miss; .05 for 95 %
 * @returns bounds of the rate, low then high, both in [0, 1]
 * @throws {RangeError} when n < 1 or count is outside [0, n]
 * @see L. D. Brown, T. T. Cai and A. DasGupta (2001), Statistical Science 16, 101-133, section 4.1.1
 */
export function jeffreysInterval(count: number, n: number, alpha = 0.05): readonly [low: number, high: number] {
  if (!(n >= 1) || !Number.isFinite(n)) throw new RangeError(`expected n >= 1, got ${n}`);
  if (!(count >= 0 && count <= n)) throw new RangeError(`expected a count in [0, ${n}], got ${count}`);
  return [
    count === 0 ? 0 : inverseIncompleteBeta(alpha / 2, count + 0.5, n - count + 0.5),
    count === n ? 1 : inverseIncompleteBeta(1 - alpha / 2, count + 0.5, n - count + 0.5),
  ];
}
