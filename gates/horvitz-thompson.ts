/** One unit that was drawn, with what was found and the probability with which it was. */
export interface Drawn {
  readonly y: number;
  /** Inclusion probability; in (0, 1]. */
  readonly pi: number;
}

/** A mean with its variance. */
export interface MeanEstimate {
  readonly mean: number;
  /** Of the estimator, not of one unit. */
  readonly variance: number;
}

/**
 * Horvitz and Thompson's mean: every unit drawn stands for 1/π of them. Without bias, and with more noise than Hájek's, since
 * how many were drawn counts as information about how many there are.
 *
 * @param sample - drawn each by itself (Poisson sampling), as the keyed hash of the sampler does
 * @param populationSize - all units, drawn or not; > 0
 * @returns the mean, and its variance over other draws from the same population
 * @throws {RangeError} when a probability or the size is outside its range
 * @see D. G. Horvitz and D. J. Thompson (1952), JASA 47, 663-685
 */
export function horvitzThompson(sample: readonly Drawn[], populationSize: number): MeanEstimate {
  if (!(populationSize > 0)) throw new RangeError(`expected a population of more than 0, got ${populationSize}`);
  let total = 0;
  let variance = 0;
  for (const { y, pi } of sample) {
    assertPi(pi);
    total += y / pi;
    variance += ((1 - pi) * y ** 2) / pi ** 2;
  }
  return { mean: total / populationSize, variance: variance / populationSize ** 2 };
}

/**
 * Hájek's mean: the sum of the weighted values over the sum of the weights, so that nobody has to know how many there are.
 *
 * @param sample - at least one unit, drawn each by itself
 * @returns the mean, and its linearised variance over other draws from the same population
 * @throws {RangeError} when the sample is empty or a probability is outside (0, 1]
 * @see J. Hájek (1971), comment on a paper of D. Basu, in Foundations of Statistical Inference, 236
 */
export function hajek(sample: readonly Drawn[]): MeanEstimate {
  if (sample.length === 0) throw new RangeError('expected at least one unit that was drawn, got none');
  let total = 0;
  let size = 0;
  for (const { y, pi } of sample) {
    assertPi(pi);
    total += y / pi;
    size += 1 / pi;
  }
  const mean = total / size;
  const variance = sample.reduce((sum, { y, pi }) => sum + ((1 - pi) * (y - mean) ** 2) / pi ** 2, 0) / size ** 2;
  return { mean, variance };
}

function assertPi(pi: number): void {
  if (!(pi > 0 && pi <= 1)) throw new RangeError(`expected an inclusion probability in (0, 1], got ${pi}`);
}
