import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effectiveVerdicts, weightedFailRate } from './effective-verdicts.js';
import { effectiveCount } from './kish.js';

const count = fc.integer({ min: 0, max: 200 });
const weight = fc.double({ min: 1, max: 200, noNaN: true });
const verdicts = fc
  .array(fc.record({ passed: count, failed: count, weight }), { minLength: 1, maxLength: 4 })
  .filter((groups) => groups.some(({ passed, failed }) => passed + failed > 0));

describe('effectiveVerdicts', () => {
  it('is the number of verdicts while all weigh the same', () => {
    expect(effectiveVerdicts([{ passed: 90, failed: 10, weight: 12.5 }])).toBeCloseTo(100, 9);
  });

  it('is Kish’s number when the rate is the same at every weight', () => {
    const groups = [
      { passed: 90, failed: 10, weight: 1 },
      { passed: 45, failed: 5, weight: 4 },
    ];
    const kish = effectiveCount(groups.map((group) => ({ count: group.passed + group.failed, weight: group.weight })));
    expect(effectiveVerdicts(groups)).toBeCloseTo(kish, 9);
  });

  it('is below Kish’s number when the heavy verdicts are those that fail', () => {
    const groups = [
      { passed: 200, failed: 0, weight: 1 },
      { passed: 40, failed: 10, weight: 4 },
    ];
    // By hand: rate .1, Σw 400, Σw²(y-p)² = 200(.01) + 16(10(.81) + 40(.01)) = 138, n = .09 × 400² / 138.
    expect(weightedFailRate(groups)).toBeCloseTo(0.1, 12);
    expect(effectiveVerdicts(groups)).toBeCloseTo(14_400 / 138, 9);
    expect(effectiveCount(groups.map((group) => ({ count: group.passed + group.failed, weight: group.weight })))).toBe(
      160,
    );
  });

  it('lies between 1 and Kish’s number', () => {
    fc.assert(
      fc.property(verdicts, (groups) => {
        const kish = effectiveCount(
          groups.map((group) => ({ count: group.passed + group.failed, weight: group.weight })),
        );
        const n = effectiveVerdicts(groups);
        expect(n).toBeGreaterThanOrEqual(1);
        expect(n).toBeLessThanOrEqual(kish);
      }),
    );
  });
});
