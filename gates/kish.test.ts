import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effectiveCount } from './kish.js';

describe('effectiveCount', () => {
  // L. Kish (1992), J. Official Statistics 8(2), 183-200: loss 1 + L when half of the population is sampled k times as
  // densely as the other half.
  it.each([
    [1.5, 1.042],
    [2, 1.125],
    [3, 1.333],
    [4, 1.563],
    [5, 1.8],
    [10, 3.025],
  ])('loses what Kish gives for two halves with sampling fractions 1 to %d', (k, loss) => {
    const dense = 1_000 * k;
    const sample = [
      { count: dense, weight: 1 / k },
      { count: 1_000, weight: 1 },
    ];
    expect((dense + 1_000) / effectiveCount(sample)).toBeCloseTo(loss, 3);
  });

  it('is the number of verdicts when all weigh the same', () => {
    expect(effectiveCount([{ count: 137, weight: 50 }])).toBeCloseTo(137, 9);
  });

  it('is 0 without verdicts', () => {
    expect(effectiveCount([])).toBe(0);
    expect(effectiveCount([{ count: 0, weight: 12.5 }])).toBe(0);
  });

  it('lies between 1 and the number of verdicts', () => {
    const group = fc.record({
      count: fc.integer({ min: 0, max: 500 }),
      weight: fc.double({ min: 1, max: 1e4, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(group, { minLength: 1, maxLength: 6 }), (groups) => {
        const verdicts = groups.reduce((sum, { count }) => sum + count, 0);
        fc.pre(verdicts > 0);
        const n = effectiveCount(groups);
        expect(n).toBeGreaterThanOrEqual(1);
        expect(n).toBeLessThanOrEqual(verdicts * (1 + 1e-9));
      }),
    );
  });
});
