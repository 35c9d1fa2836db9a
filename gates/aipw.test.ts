import { describe, expect, it } from 'vitest';
import { aipw, type PredictedCell } from './aipw.js';

const cell = (over: Partial<PredictedCell>): PredictedCell => ({
  g: 0,
  pi: 1,
  upstreamWeight: 1,
  traces: 0,
  passed: 0,
  failed: 0,
  unanswered: 0,
  ...over,
});

describe('aipw', () => {
  it('is the plain mean and its variance where all was judged, whatever was predicted', () => {
    const { mean, variance } = aipw([cell({ g: 0.7, traces: 100, passed: 90, failed: 10 })]);
    expect(mean).toBeCloseTo(0.1, 12);
    expect(variance).toBeCloseTo((0.1 * 0.9) / 100, 12);
  });

  it('has no bias over all the samples that draws can give, though the prediction is far off', () => {
    const [pi, fails] = [0.3, [1, 0, 0, 1, 0]];
    let mean = 0;
    for (let drawn = 0; drawn < 2 ** fails.length; drawn += 1) {
      const judged = fails.filter((_, index) => ((drawn >> index) & 1) === 1);
      const failed = judged.reduce((sum, y) => sum + y, 0);
      const estimate = aipw([cell({ g: 0.9, pi, traces: 5, failed, passed: judged.length - failed })]);
      mean += pi ** judged.length * (1 - pi) ** (5 - judged.length) * estimate.mean;
    }
    expect(mean).toBeCloseTo(0.4, 12);
  });

  // By hand: X = g + (Y - g)/π is .1 + 1.8 for the failure, .1 - .2 for the two passes, .1 for the three not judged.
  it('adds to the prediction what the judged ones miss of it', () => {
    const { mean, variance } = aipw([cell({ g: 0.1, pi: 0.5, traces: 6, failed: 1, passed: 2 })]);
    expect(mean).toBeCloseTo((1.9 - 0.2 + 0.3) / 6, 12);
    const squares = (1.9 - mean) ** 2 + 2 * (-0.1 - mean) ** 2 + 3 * (0.1 - mean) ** 2;
    expect(variance).toBeCloseTo(squares / 36, 12);
  });

  it('is the more certain the better the prediction is, and tells the same rate', () => {
    const variance = (suspected: number, rest: number): number =>
      aipw([
        cell({ g: suspected, pi: 0.5, traces: 200, failed: 40, passed: 60 }),
        cell({ g: rest, pi: 0.1, traces: 2_000, failed: 2, passed: 198 }),
      ]).variance;
    const good = variance(0.4, 0.01);
    expect(good).toBeLessThan(variance(0, 0));
    expect(good).toBeLessThan(variance(0.1, 0.1));
    // Two of 200 fail, so that a prediction of .9 for the others is worse than none.
    expect(variance(0, 0)).toBeLessThan(variance(0.9, 0.9));
  });

  it('counts a trace as often as the sampler before us says it stands for', () => {
    const { mean } = aipw([cell({ traces: 10, failed: 10 }), cell({ traces: 10, passed: 10, upstreamWeight: 9 })]);
    expect(mean).toBeCloseTo(0.1, 12);
  });

  it('takes the unanswered to be like those that were answered', () => {
    const { mean } = aipw([cell({ g: 0.5, traces: 10, failed: 2, passed: 6, unanswered: 2 })]);
    expect(mean).toBeCloseTo(0.25, 12);
  });

  it('refuses an empty population and more answers than traces', () => {
    expect(() => aipw([])).toThrow(RangeError);
    expect(() => aipw([cell({ traces: 1, failed: 1, unanswered: 1 })])).toThrow(RangeError);
  });
});
