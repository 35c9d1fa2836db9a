import { describe, expect, it } from 'vitest';
import { wilsonInterval } from './wilson.js';

describe('wilsonInterval', () => {
  // R. G. Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3 (score without continuity correction).
  it.each([
    { passed: 81, n: 263, low: 0.2553, high: 0.3662 },
    { passed: 15, n: 148, low: 0.0624, high: 0.1605 },
    { passed: 0, n: 20, low: 0, high: 0.1611 },
    { passed: 1, n: 29, low: 0.0061, high: 0.1718 },
  ])('agrees with the published interval of $passed of $n', ({ passed, n, low, high }) => {
    const interval = wilsonInterval(passed, n);
    expect(interval[0]).toBeCloseTo(low, 4);
    expect(interval[1]).toBeCloseTo(high, 4);
  });

  it('is mirrored when passes and failures change places', () => {
    const [low, high] = wilsonInterval(7, 40);
    const [mirrorLow, mirrorHigh] = wilsonInterval(33, 40);
    expect(mirrorLow).toBeCloseTo(1 - high, 12);
    expect(mirrorHigh).toBeCloseTo(1 - low, 12);
  });

  it('holds the rate at both ends to the last bit', () => {
    for (let n = 1; n <= 2_000; n += 1) {
      expect(wilsonInterval(0, n)[0]).toBe(0);
      expect(wilsonInterval(n, n)[1]).toBe(1);
    }
  });

  it('takes an effective, fractional number of verdicts between its whole neighbours', () => {
    expect(wilsonInterval(5.25, 10.5)[0]).toBeGreaterThan(wilsonInterval(5, 10)[0]);
    expect(wilsonInterval(5.25, 10.5)[0]).toBeLessThan(wilsonInterval(5.5, 11)[0]);
  });

  it.each([
    [0, 0],
    [0, 0.5],
    [0, Number.NaN],
    [-1, 5],
    [6, 5],
    [Number.NaN, 5],
  ])('refuses %d of %d', (passed, n) => {
    expect(() => wilsonInterval(passed, n)).toThrow(RangeError);
  });
});
