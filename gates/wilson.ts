/** Quantile of the standard normal distribution that leaves 2.5 % on either side. */
export const Z_95 = 1.959963984540054;

/**
 * Wilson score interval for a pass rate.
 *
 * Not the normal interval: a gate sees few verdicts at rates near 1, where that one leaves [0, 1].
 *
 * @param passed - passing verdicts in [0, n]; a fraction when n is an effective number
 * @param n - verdicts, or their effective number; >= 1
 * @param z - standard normal quantile; `Z_95` for 95 %
 * @returns bounds of the pass rate, low then high, both in [0, 1]
 * @throws {RangeError} when n < 1 or passed is outside [0, n]
 * @see E. B. Wilson (1927), JASA 22(158), 209-212
 */
export function wilsonInterval(passed: number, n: number, z = Z_95): readonly [low: number, high: number] {
  if (!(n >= 1) || !Number.isFinite(n)) throw new RangeError(`expected n >= 1 verdicts, got ${n}`);
  if (!(passed >= 0 && passed <= n)) throw new RangeError(`expected passed in [0, ${n}], got ${passed}`);
  const rate = passed / n;
  const shrink = 1 + (z * z) / n;
  const centre = (rate + (z * z) / (2 * n)) / shrink;
  const half = (z / shrink) * Math.sqrt((rate * (1 - rate)) / n + (z * z) / (4 * n * n));
  // At 0 and n the bound is exact; rounding would leave it an epsilon inside, and the rate outside.
  return [passed === 0 ? 0 : Math.max(0, centre - half), passed === n ? 1 : Math.min(1, centre + half)];
}
