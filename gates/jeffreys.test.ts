import { describe, expect, it } from 'vitest';
import { jeffreysInterval } from './jeffreys.js';

describe('jeffreysInterval', () => {
  // statsmodels 0.15, proportion_confint(count, n, method='jeffreys'), which takes beta quantiles at the ends too.
  it.each([
    { count: 7, n: 20, low: 0.172276213632, high: 0.567766093841 },
    { count: 17, n: 90, low: 0.118544920702, high: 0.278861729158 },
    { count: 38, n: 40, low: 0.849134948765, high: 0.989465514978 },
  ])('agrees with the published implementation for $count of $n', ({ count, n, low, high }) => {
    const interval = jeffreysInterval(count, n);
    expect(interval[0]).toBeCloseTo(low, 10);
    expect(interval[1]).toBeCloseTo(high, 10);
  });

  it('ends at 0 and at 1 where nothing or all was counted', () => {
    expect(jeffreysInterval(0, 220)[0]).toBe(0);
    expect(jeffreysInterval(0, 220)[1]).toBeCloseTo(0.011340153493, 10);
    expect(jeffreysInterval(20, 20)[1]).toBe(1);
  });

  it.each([
    [0, 0],
    [6, 5],
  ])('refuses %d of %d', (count, n) => {
    expect(() => jeffreysInterval(count, n)).toThrow(RangeError);
  });
});
