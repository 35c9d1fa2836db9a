import { describe, expect, it } from 'vitest';
import { rollingRule } from './rolling-rule.js';

const slice = (passRate: number, traces: number): { passRate: number; traces: number } => ({ passRate, traces });

describe('rollingRule', () => {
  it('fires at a drop of two points, however few traces it was seen in', () => {
    const baseline = { production: slice(0.97, 4_000) };
    expect(rollingRule({ baseline, window: { production: slice(0.96, 50) } }).fires).toBe(false);
    expect(rollingRule({ baseline, window: { production: slice(0.94, 50) } })).toMatchObject({ fires: true });
  });

  it('counts an adversarial trace three times', () => {
    const baseline = { production: slice(0.97, 900), adversarial: slice(0.97, 100) };
    const window = { production: slice(0.97, 900), adversarial: slice(0.89, 100) };
    // 300 of 1,200 by weight, each .08 worse.
    expect(rollingRule({ baseline, window }).drop).toBeCloseTo(0.02, 12);
    expect(rollingRule({ baseline, window }, { adversarialWeight: 1 }).drop).toBeCloseTo(0.008, 12);
  });

  it('fires on an adversarial slice under the floor, though nothing got worse', () => {
    const window = { production: slice(0.97, 900), adversarial: slice(0.84, 100) };
    expect(rollingRule({ baseline: window, window })).toMatchObject({ fires: true, belowFloor: true });
    expect(rollingRule({ baseline: window, window }, { floor: 0.8 }).fires).toBe(false);
  });

  it('does not fire on a window without traces', () => {
    const baseline = { production: slice(0.97, 900) };
    expect(rollingRule({ baseline, window: { production: slice(0, 0) } }).fires).toBe(false);
  });
});
