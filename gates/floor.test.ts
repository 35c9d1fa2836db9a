import { describe, expect, it } from 'vitest';
import { createFloorTest, updateFloorTest, type FloorTest } from './floor.js';

const after = (passed: number, failed: number): FloorTest => updateFloorTest(createFloorTest(), { passed, failed });

/** P(state) after n answers of an agent that passes at that rate, by summing over all counts. */
function chance(state: string, n: number, rate: number): number {
  let log = n * Math.log1p(-rate);
  let total = 0;
  for (let passed = 0; passed <= n; passed += 1) {
    if (passed > 0) log += Math.log((n - passed + 1) / passed) + Math.log(rate / (1 - rate));
    if (after(passed, n - passed).state === state) total += Math.exp(log);
  }
  return total;
}

describe('updateFloorTest', () => {
  it('multiplies the likelihood ratios of .20, .25 and .35 against .15', () => {
    const ratio = (failRate: number): number => (failRate / 0.15) ** 3 * ((1 - failRate) / 0.85) ** 2;
    expect(Math.exp(after(2, 3).logEvidence)).toBeCloseTo((ratio(0.2) + ratio(0.25) + ratio(0.35)) / 3, 10);
  });

  it('has no evidence on average at the floor, so that 20 times as much is rare at any look', () => {
    const mean = (rate: number): number => {
      const { logEvidence: fail } = after(0, 1);
      const { logEvidence: pass } = after(1, 0);
      return rate * Math.exp(pass) + (1 - rate) * Math.exp(fail);
    };
    expect(mean(0.85)).toBeCloseTo(1, 12);
    expect(mean(0.9)).toBeLessThan(1);
  });

  it('certifies a true .92 with 200 answers, and hardly ever a true .85', () => {
    expect(chance('held', 200, 0.92)).toBeGreaterThan(0.9);
    expect(chance('held', 200, 0.85)).toBeLessThan(0.05);
  });

  it('calls .60 broken after a few dozen, and says nothing yet of a few', () => {
    expect(after(24, 16).state).toBe('broken');
    expect(after(9, 0).state).toBe('not_enough');
    expect(after(0, 0).state).toBe('not_enough');
    expect(after(50, 0).state).toBe('held');
  });

  it('stays broken, whatever comes after', () => {
    const broken = after(24, 16);
    expect(updateFloorTest(broken, { passed: 500, failed: 0 }).state).toBe('broken');
  });

  it('counts alike in one batch and in many', () => {
    const parts = [1, 2, 3].reduce((test) => updateFloorTest(test, { passed: 5, failed: 1 }), createFloorTest());
    expect(parts.logEvidence).toBeCloseTo(after(15, 3).logEvidence, 12);
    expect(JSON.parse(JSON.stringify(parts))).toEqual(parts);
  });

  it('refuses what is no floor, no chance and no count', () => {
    expect(() => createFloorTest({ floor: 0.5 })).toThrow(RangeError);
    expect(() => createFloorTest({ floor: 1 })).toThrow(RangeError);
    expect(() => createFloorTest({ alpha: 0 })).toThrow(RangeError);
    expect(() => after(-1, 0)).toThrow(RangeError);
    expect(() => after(0.5, 0)).toThrow(RangeError);
  });
});
