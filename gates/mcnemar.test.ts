import { describe, expect, it } from 'vitest';
import { logMcNemarEvidence, logNonInferiority, upperBoundOfDrop, type PairCounts } from './mcnemar.js';

const pairs = (broken: number, fixed: number, same = 0): PairCounts => ({ broken, fixed, same });

/** P(b broken, c fixed) of n items, for probabilities of each. */
function chance({ broken, fixed, same }: PairCounts, breaks: number, fixes: number): number {
  let log = 0;
  for (let k = 1; k <= broken + fixed + same; k += 1) log += Math.log(k);
  for (const count of [broken, fixed, same]) for (let k = 1; k <= count; k += 1) log -= Math.log(k);
  const term = (count: number, p: number): number => (count === 0 ? 0 : count * Math.log(p));
  return Math.exp(log + term(broken, breaks) + term(fixed, fixes) + term(same, 1 - breaks - fixes));
}

function mean(n: number, [breaks, fixes]: readonly [number, number], of: (counts: PairCounts) => number): number {
  let total = 0;
  for (let broken = 0; broken <= n; broken += 1) {
    for (let fixed = 0; fixed + broken <= n; fixed += 1) {
      const counts = pairs(broken, fixed, n - broken - fixed);
      total += chance(counts, breaks, fixes) * of(counts);
    }
  }
  return total;
}

describe('logMcNemarEvidence', () => {
  it('is the mean of the likelihood ratios of 49 shares against a half', () => {
    const ratio = (theta: number): number => (2 * theta) ** 3 * (2 * (1 - theta)) ** 1;
    const sum = Array.from({ length: 49 }, (_, k) => ratio((51 + k) / 100)).reduce((a, b) => a + b, 0);
    expect(Math.exp(logMcNemarEvidence(pairs(3, 1, 40)))).toBeCloseTo(sum / 49, 10);
  });

  it('is 1 on average, exactly, while breaking is as likely as fixing, and less while it is less likely', () => {
    const evidence = (counts: PairCounts): number => Math.exp(logMcNemarEvidence(counts));
    expect(mean(30, [0.15, 0.15], evidence)).toBeCloseTo(1, 10);
    expect(mean(30, [0.1, 0.15], evidence)).toBeLessThan(1);
    expect(mean(30, [0.2, 0.1], evidence)).toBeGreaterThan(1);
  });

  // A. Agresti (2013), Categorical Data Analysis, table 11.1: approval of a prime minister, 794 / 150 / 86 / 570; z² = 17.36.
  it('agrees with the classic test on the published approval ratings, and needs more than it to decide', () => {
    expect((150 - 86) ** 2 / (150 + 86)).toBeCloseTo(17.36, 2);
    const log = logMcNemarEvidence(pairs(150, 86, 1_364));
    expect(log).toBeGreaterThan(Math.log(20));
    // The likelihood ratio at the share that was seen is the most that any single bet can make.
    const theta = 150 / 236;
    expect(log).toBeLessThan(150 * Math.log(2 * theta) + 86 * Math.log(2 * (1 - theta)));
    expect(logMcNemarEvidence(pairs(86, 150, 1_364))).toBeLessThan(0);
  });

  it('does not change with what came out the same', () => {
    expect(logMcNemarEvidence(pairs(9, 2, 0))).toBe(logMcNemarEvidence(pairs(9, 2, 1e6)));
  });
});

describe('logNonInferiority', () => {
  it('is at most 1 on average while the drop is the margin or more', () => {
    const evidence = (counts: PairCounts): number => Math.exp(logNonInferiority(counts, 0.1));
    expect(mean(30, [0.2, 0.1], evidence)).toBeCloseTo(1, 10);
    expect(mean(30, [0.25, 0.1], evidence)).toBeLessThan(1);
    expect(mean(30, [0.1, 0.1], evidence)).toBeGreaterThan(1);
  });
});

describe('upperBoundOfDrop', () => {
  it('holds the true drop in far more than 95 of 100 samples of a size that was fixed', () => {
    const missed = mean(40, [0.15, 0.05], (counts) => (upperBoundOfDrop(counts, 0.05) < 0.1 ? 1 : 0));
    expect(missed).toBeLessThan(0.05);
  });

  it('comes down to what was seen as items are added, and is 1 without any', () => {
    expect(upperBoundOfDrop(pairs(0, 0, 0), 0.05)).toBe(1);
    const few = upperBoundOfDrop(pairs(5, 5, 90), 0.05);
    const many = upperBoundOfDrop(pairs(500, 500, 9_000), 0.05);
    expect(many).toBeLessThan(few);
    expect(many).toBeGreaterThan(0);
    expect(many).toBeLessThan(0.015);
  });
});
