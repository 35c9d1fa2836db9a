import { describe, expect, it } from 'vitest';
import { clusterRobustMean } from './cluster-variance.js';

// R. L. Scheaffer, W. Mendenhall and R. L. Ott, Elementary Survey Sampling, chapter on cluster sampling, table 8.1: 25 of 415
// blocks, their residents, and what these earn, in thousands of dollars. Told: 8,801 dollars a head, give or take 1,617.
const RESIDENTS = [8, 12, 4, 5, 6, 6, 7, 5, 8, 3, 2, 6, 5, 10, 9, 3, 6, 5, 5, 4, 6, 8, 7, 3, 8];
const INCOME = [96, 121, 42, 65, 52, 40, 75, 65, 45, 50, 85, 43, 54, 49, 53, 50, 32, 22, 45, 37, 51, 30, 39, 47, 41];

describe('clusterRobustMean', () => {
  it('agrees with a published mean and bound over clusters of different sizes', () => {
    const clusters = RESIDENTS.map((weight, index) => ({ weight, total: INCOME[index]! }));
    const { mean, variance } = clusterRobustMean(clusters);
    expect(mean).toBeCloseTo(8.801, 3);
    // The book's bound is two standard errors, of a sample from a finite number of blocks.
    expect(2 * Math.sqrt(variance * (1 - 25 / 415))).toBeCloseTo(1.617, 3);
  });

  it('is the variance of a plain mean when every cluster is one unit', () => {
    const clusters = [1, 0, 0, 1, 1].map((total) => ({ weight: 1, total }));
    const { mean, variance } = clusterRobustMean(clusters);
    expect(mean).toBeCloseTo(0.6, 12);
    expect(variance).toBeCloseTo((0.6 * 0.4) / 4, 12);
  });

  it('does not take one session that fails over and over for many', () => {
    const independent = clusterRobustMean([
      ...Array.from({ length: 90 }, () => ({ weight: 1, total: 0 })),
      ...Array.from({ length: 10 }, () => ({ weight: 1, total: 1 })),
    ]);
    const retried = clusterRobustMean([
      ...Array.from({ length: 90 }, () => ({ weight: 1, total: 0 })),
      { weight: 10, total: 10 },
    ]);
    expect(retried.mean).toBeCloseTo(independent.mean, 12);
    expect(retried.variance).toBeGreaterThan(8 * independent.variance);
  });

  it('refuses a single cluster', () => {
    expect(() => clusterRobustMean([{ weight: 3, total: 1 }])).toThrow(RangeError);
  });
});
