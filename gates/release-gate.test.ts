import { describe, expect, it } from 'vitest';
import { comparePairs, compareSlices } from './release-gate.js';

describe('comparePairs', () => {
  it('blocks what breaks many more than it fixes', () => {
    expect(comparePairs({ broken: 30, fixed: 6, same: 164 })).toMatchObject({
      verdict: 'BLOCK',
      items: 200,
      drop: 0.12,
    });
  });

  it('passes what is shown to be worse by less than the margin', () => {
    const comparison = comparePairs({ broken: 20, fixed: 20, same: 1_960 });
    expect(comparison).toMatchObject({ verdict: 'PASS', moreItems: { toPass: 0 } });
    expect(comparison.largestDrop).toBeLessThan(0.02);
  });

  it('does not pass 200 items of which 29 % differ between two runs of the same agent, and says how many it would take', () => {
    const comparison = comparePairs({ broken: 29, fixed: 29, same: 142 });
    expect(comparison.verdict).toBe('INCONCLUSIVE');
    expect(comparison.largestDrop).toBeGreaterThan(0.02);
    expect(comparison.moreItems.toBlock).toBeNull();
    const more = comparison.moreItems.toPass!;
    const factor = (200 + more) / 200;
    const later = comparePairs({
      broken: Math.round(29 * factor),
      fixed: Math.round(29 * factor),
      same: Math.round(142 * factor),
    });
    expect(later.verdict).toBe('PASS');
  });

  it('says how many it would take to block what looks worse', () => {
    const comparison = comparePairs({ broken: 12, fixed: 6, same: 82 });
    expect(comparison).toMatchObject({ verdict: 'INCONCLUSIVE', moreItems: { toPass: null } });
    expect(comparison.moreItems.toBlock).toBeGreaterThan(0);
  });

  it('knows nothing without items', () => {
    expect(comparePairs({ broken: 0, fixed: 0, same: 0 })).toMatchObject({
      verdict: 'INCONCLUSIVE',
      drop: null,
      largestDrop: 1,
      moreItems: { toBlock: null, toPass: null },
    });
  });

  it('passes no faster by a margin that is stricter', () => {
    const counts = { broken: 20, fixed: 20, same: 1_960 };
    expect(comparePairs(counts, { margin: 0.005 }).verdict).toBe('INCONCLUSIVE');
  });

  it('refuses what is no count, no margin and no chance', () => {
    expect(() => comparePairs({ broken: 0.5, fixed: 0, same: 0 })).toThrow(RangeError);
    expect(() => comparePairs({ broken: 1, fixed: 0, same: 0 }, { margin: 0 })).toThrow(RangeError);
    expect(() => comparePairs({ broken: 1, fixed: 0, same: 0 }, { alpha: 1 })).toThrow(RangeError);
  });
});

describe('compareSlices', () => {
  const none = { broken: 0, fixed: 0, same: 0 };
  const calm = { broken: 20, fixed: 20, same: 2_960 };

  it('is the plain gate without adversarial items', () => {
    const { verdict, slices } = compareSlices({ all: calm, adversarial: none });
    expect(verdict).toBe('PASS');
    expect(slices.map(({ name }) => name)).toEqual(['']);
    expect(slices[0]!.comparison.logThreshold).toBeCloseTo(Math.log(20), 12);
  });

  it('blocks for the adversarial slice alone, at its own share of alpha', () => {
    const { verdict, slices } = compareSlices({ all: calm, adversarial: { broken: 14, fixed: 1, same: 85 } });
    expect(verdict).toBe('BLOCK');
    expect(slices.map(({ comparison }) => comparison.verdict)).toEqual(['PASS', 'BLOCK']);
    expect(slices.map(({ comparison }) => Math.exp(-comparison.logThreshold).toFixed(3))).toEqual(['0.020', '0.030']);
  });
});
