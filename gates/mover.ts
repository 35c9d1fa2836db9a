/** One independent term of a sum, with its own interval. */
export interface Term {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Interval of a sum of independent estimates, from the interval of each: the method of variance estimates recovery.
 * It keeps what Wilson gives to small counts, where adding variances would lose it: the two sides may differ.
 *
 * @param terms - each with `low <= estimate <= high`
 * @param squaredMargin - square of a further, symmetric margin (z² times a variance); 0 for none
 * @returns the margins below and above the sum of the estimates, both >= 0
 * @see R. G. Newcombe (1998), Statistics in Medicine 17, 873-890, method 10; G. Y. Zou and A. Donner (2008), ibid. 27, 1693-1702
 */
export function moverMargins(terms: readonly Term[], squaredMargin = 0): readonly [below: number, above: number] {
  let below = squaredMargin;
  let above = squaredMargin;
  for (const { estimate, low, high } of terms) {
    below += (estimate - low) ** 2;
    above += (high - estimate) ** 2;
  }
  return [Math.sqrt(below), Math.sqrt(above)];
}
