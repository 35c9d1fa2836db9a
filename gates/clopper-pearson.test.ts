import { describe, expect, it } from 'vitest';
import { clopperPearsonInterval } from './clopper-pearson.js';

describe('clopperPearsonInterval', () => {
  // R. G. Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 5.
  it.each([
    { count: 81, n: 263, low: 0.2527, high: 0.3676 },
    { count: 15, n: 148, low: 0.0578, high: 0.1617 },
    { count: 0, n: 20, low: 0, high: 0.1684 },
    { count: 1, n: 29, low: 0.0009, high: 0.1776 },
  ])('agrees with the published interval of $count of $n', ({ count, n, low, high }) => {
    const interval = clopperPearsonInterval(count, n);
    expect(interval[0]).toBeCloseTo(low, 4);
    expect(interval[1]).toBeCloseTo(high, 4);
  });

  it('has a closed form where nothing or all failed', () => {
    expect(clopperPearsonInterval(0, 50)[1]).toBeCloseTo(1 - 0.025 ** (1 / 50), 12);
    expect(clopperPearsonInterval(50, 50)[0]).toBeCloseTo(0.025 ** (1 / 50), 12);
  });

  it('takes the number of passes that the floor of .85 is certified by at 200 items: 179', () => {
    // Lower bound of the one-sided 95 %.
    expect(clopperPearsonInterval(178, 200, 0.1)[0]).toBeLessThan(0.85);
    expect(clopperPearsonInterval(179, 200, 0.1)[0]).toBeGreaterThanOrEqual(0.85);
  });

  it.each([
    [0, 0],
    [-1, 5],
    [6, 5],
    [1.5, 5],
  ])('refuses %d of %d', (count, n) => {
    expect(() => clopperPearsonInterval(count, n)).toThrow(RangeError);
  });
});
