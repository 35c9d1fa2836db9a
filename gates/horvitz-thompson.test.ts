import { describe, expect, it } from 'vitest';
import { hajek, horvitzThompson } from './horvitz-thompson.js';

const POPULATION = [
  { y: 1, pi: 0.9 },
  { y: 0, pi: 0.2 },
  { y: 1, pi: 0.1 },
  { y: 0, pi: 0.5 },
] as const;

/** Every sample that independent draws can give, with its probability. */
function* samples(): Generator<{ readonly sample: { y: number; pi: number }[]; readonly probability: number }> {
  for (let drawn = 0; drawn < 2 ** POPULATION.length; drawn += 1) {
    const isDrawn = (index: number): boolean => ((drawn >> index) & 1) === 1;
    yield {
      sample: POPULATION.filter((_, index) => isDrawn(index)),
      probability: POPULATION.reduce((product, { pi }, index) => product * (isDrawn(index) ? pi : 1 - pi), 1),
    };
  }
}

describe('horvitzThompson', () => {
  // S. K. Thompson (2012), Sampling, 3rd ed., section 6.2, example 1: distinct units of four draws with replacement, with
  // p = .05, .02 and .01. The total is told as 529.
  it('agrees with the published total of a worked example', () => {
    const sample = [
      { y: 60, p: 0.05 },
      { y: 14, p: 0.02 },
      { y: 1, p: 0.01 },
    ].map(({ y, p }) => ({ y, pi: 1 - (1 - p) ** 4 }));
    expect(sample.map(({ pi }) => Number(pi.toFixed(4)))).toEqual([0.1855, 0.0776, 0.0394]);
    expect(Math.round(100 * horvitzThompson(sample, 100).mean)).toBe(529);
  });

  it('has no bias, and its variance has none either, over all samples there are', () => {
    let mean = 0;
    let square = 0;
    let variance = 0;
    for (const { sample, probability } of samples()) {
      const estimate = horvitzThompson(sample, POPULATION.length);
      mean += probability * estimate.mean;
      square += probability * estimate.mean ** 2;
      variance += probability * estimate.variance;
    }
    expect(mean).toBeCloseTo(0.5, 12);
    expect(variance).toBeCloseTo(square - mean ** 2, 12);
  });

  it('refuses a probability of 0', () => {
    expect(() => horvitzThompson([{ y: 1, pi: 0 }], 10)).toThrow(RangeError);
  });
});

describe('hajek', () => {
  it('is exact where every value is the same, which Horvitz-Thompson is not', () => {
    const sample = [
      { y: 1, pi: 0.1 },
      { y: 1, pi: 1 },
    ];
    expect(hajek(sample)).toEqual({ mean: 1, variance: 0 });
    expect(horvitzThompson(sample, 4).mean).toBe(2.75);
  });

  it('weighs a unit by the inverse of its probability', () => {
    // By hand: weights 1 and 4, mean 1/5, variance (1 - .25) 16 (.2)² / 25.
    const { mean, variance } = hajek([
      { y: 1, pi: 1 },
      { y: 0, pi: 0.25 },
    ]);
    expect(mean).toBeCloseTo(0.2, 12);
    expect(variance).toBeCloseTo((0.75 * 16 * 0.04) / 25, 12);
  });

  it('refuses to tell a mean of nothing', () => {
    expect(() => hajek([])).toThrow(RangeError);
  });
});
