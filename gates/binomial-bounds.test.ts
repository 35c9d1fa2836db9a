import { describe, expect, it } from 'vitest';
import { lowerBound } from './binomial-bounds.js';

describe('lowerBound', () => {
  // R. G. Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 5: two sides of 95 %, so 2.5 % each.
  it.each([
    { passed: 81, n: 263, low: 0.2527 },
    { passed: 15, n: 148, low: 0.0578 },
    { passed: 0, n: 20, low: 0 },
    { passed: 1, n: 29, low: 0.0009 },
  ])('agrees with the published bound of $passed of $n', ({ passed, n, low }) => {
    expect(lowerBound(passed, n, 0.025)).toBeCloseTo(low, 4);
  });

  it('has a closed form where all passed', () => {
    expect(lowerBound(50, 50)).toBeCloseTo(0.05 ** (1 / 50), 12);
  });

  it('certifies .85 from 179 of 200 on', () => {
    expect(lowerBound(178, 200)).toBeLessThan(0.85);
    expect(lowerBound(179, 200)).toBeGreaterThanOrEqual(0.85);
  });

  it('is found among ten thousand too', () => {
    // The normal approximation is good there: .85 − 1.645 × sqrt(.85 × .15 / 10,000).
    expect(lowerBound(8_500, 10_000)).toBeCloseTo(0.844, 3);
  });

  it('knows nothing of none', () => {
    expect(lowerBound(0, 0)).toBe(0);
  });

  it.each([
    [-1, 5],
    [6, 5],
    [1.5, 5],
  ])('refuses %d of %d', (passed, n) => {
    expect(() => lowerBound(passed, n)).toThrow(RangeError);
  });
});
