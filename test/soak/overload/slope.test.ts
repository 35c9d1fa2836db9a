import { describe, expect, it } from 'vitest';
import { leastSquares } from './slope.js';

describe('leastSquares', () => {
  it('finds the slope of a line, in units a minute', () => {
    const samples = [0, 1, 2, 3].map((minute) => ({ atMs: minute * 60_000, value: 100 + 7 * minute }));
    expect(leastSquares(samples)).toEqual({ perMinute: 7, mean: 110.5, standardError: 0 });
  });

  // x 1..5, y 2 4 5 4 5: slope 0.6, its standard error sqrt(2.4 / 3 / 10).
  it('agrees with a worked example, error and all', () => {
    const samples = [2, 4, 5, 4, 5].map((value, index) => ({ atMs: (index + 1) * 60_000, value }));
    const { perMinute, standardError } = leastSquares(samples);
    expect(perMinute).toBeCloseTo(0.6, 12);
    expect(standardError).toBeCloseTo(Math.sqrt(0.08), 12);
  });
});
