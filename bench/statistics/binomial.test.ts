import { describe, expect, it } from 'vitest';
import { createPrng } from '../estimates/prng.js';
import { drawBinomial, drawMultinomial } from './binomial.js';

/** P(X = k) for all k, by the recurrence from the mode outward kept in logs. */
function probabilities(n: number, p: number): number[] {
  let log = n * Math.log1p(-p);
  const odds = Math.log(p) - Math.log1p(-p);
  return Array.from({ length: n + 1 }, (_, k) => {
    if (k > 0) log += Math.log((n - k + 1) / k) + odds;
    return Math.exp(log);
  });
}

/** Pearson's statistic over cells of at least 20 expected, with its degrees of freedom. */
function chiSquare(draws: readonly number[], n: number, p: number): { statistic: number; degrees: number } {
  const observed = new Map<number, number>();
  for (const draw of draws) observed.set(draw, (observed.get(draw) ?? 0) + 1);
  let statistic = 0;
  let cells = 0;
  let expected = 0;
  let seen = 0;
  probabilities(n, p).forEach((probability, k) => {
    expected += draws.length * probability;
    seen += observed.get(k) ?? 0;
    if (expected < 20 && k < n) return;
    if (expected >= 1) {
      statistic += (seen - expected) ** 2 / expected;
      cells += 1;
    }
    expected = 0;
    seen = 0;
  });
  return { statistic, degrees: cells - 1 };
}

describe('drawBinomial', () => {
  it.each([
    [1, 0.3],
    [20, 0.01],
    [20, 0.5],
    [100, 0.09],
    [100, 0.11],
    [300, 0.4],
    [300, 0.93],
    [3_264, 0.0064],
    [5_000, 0.004],
  ])('has the distribution of %d trials at %d', (n, p) => {
    const prng = createPrng(7, n, p * 1_000);
    const draws = Array.from({ length: 100_000 }, () => drawBinomial(prng, n, p));
    const { statistic, degrees } = chiSquare(draws, n, p);
    // Six standard deviations above the mean of a chi-square: the seed is fixed, so this either holds or does not.
    expect(statistic).toBeLessThan(degrees + 6 * Math.sqrt(2 * Math.max(1, degrees)));
  });

  it('has mean and variance also where n is large', () => {
    const prng = createPrng(11);
    const [n, p, rounds] = [1_000_000, 0.06, 20_000];
    const draws = Array.from({ length: rounds }, () => drawBinomial(prng, n, p));
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / rounds;
    const variance = draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / rounds;
    expect(Math.abs(mean - n * p)).toBeLessThan(4 * Math.sqrt((n * p * (1 - p)) / rounds));
    expect(variance / (n * p * (1 - p))).toBeCloseTo(1, 1);
  });

  it('knows the ends', () => {
    const prng = createPrng(1);
    expect(drawBinomial(prng, 0, 0.5)).toBe(0);
    expect(drawBinomial(prng, 9, 0)).toBe(0);
    expect(drawBinomial(prng, 9, 1)).toBe(9);
  });
});

describe('drawMultinomial', () => {
  it('shares out all trials by the probabilities', () => {
    const prng = createPrng(3);
    const totals = [0, 0, 0];
    for (let round = 0; round < 5_000; round += 1) {
      const counts = drawMultinomial(prng, 100, [0.06, 0.9, 0.04]);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(100);
      counts.forEach((count, index) => (totals[index]! += count));
    }
    expect(totals[0]! / 500_000).toBeCloseTo(0.06, 2);
    expect(totals[1]! / 500_000).toBeCloseTo(0.9, 2);
  });
});
