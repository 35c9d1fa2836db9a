import { describe, expect, it } from 'vitest';
import { ppi } from './ppi.js';

const LABELS = { bothFail: 12, labelFails: 3, judgeFails: 5, bothPass: 180 };

describe('ppi', () => {
  // By hand, n = 200, N = 2,000: label rate .075, judge rate .085, elsewhere .1, pooled judge rate 217/2,200; covariance
  // .06 - .075 × .085 = .053625; variance of the verdicts .088908 × 2,200/2,199; λ = .053625 / (1.1 × .088948).
  it('tunes λ by covariance, variance and the share of labels', () => {
    const { failRate, lambda, interval } = ppi(LABELS, { failed: 200, n: 2_000 });
    const variance = ((217 / 2_200) * (1 - 217 / 2_200) * 2_200) / 2_199;
    expect(lambda).toBeCloseTo(0.053625 / (1.1 * variance), 12);
    expect(failRate).toBeCloseTo(0.075 + lambda * 0.015, 12);
    expect((interval[0] + interval[1]) / 2).toBeCloseTo(failRate, 12);
  });

  it('is the labels alone with λ = 0, and PPI with λ = 1', () => {
    const alone = ppi(LABELS, { failed: 200, n: 2_000 }, { lambda: 0 });
    expect(alone.failRate).toBeCloseTo(0.075, 12);
    expect(alone.interval[1] - alone.failRate).toBeCloseTo(1.959963984540054 * Math.sqrt((0.075 * 0.925) / 200), 12);
    expect(ppi(LABELS, { failed: 200, n: 2_000 }, { lambda: 1 }).failRate).toBeCloseTo(0.1 + 0.075 - 0.085, 12);
  });

  it('is narrower than the labels alone, and no narrower than any other λ makes it', () => {
    const width = (lambda?: number): number => {
      const { interval } = ppi(LABELS, { failed: 200, n: 2_000 }, lambda === undefined ? {} : { lambda });
      return interval[1] - interval[0];
    };
    expect(width()).toBeLessThan(width(0));
    // λ comes of a variance over all traces, the interval of one over each part: they differ a little.
    for (const lambda of [0.2, 0.4, 0.6, 0.8, 1]) expect(width()).toBeLessThan(width(lambda) * 1.01);
  });

  it('does not listen to a judge that says nothing of the labels', () => {
    const { lambda } = ppi({ bothFail: 1, labelFails: 9, judgeFails: 9, bothPass: 81 }, { failed: 300, n: 1_000 });
    expect(lambda).toBeCloseTo(0, 12);
  });

  // Section 3.3 of the design’s statistics: sensitivity .865, false alarms .0247 at 3 % failures, so that R² = .433, and the
  // labels for ± .5 points are 2,534 in place of 4,471.
  it('saves the share of labels that the squared correlation is', () => {
    const scale = 4_471;
    const [truly, sensitivity, falseAlarms] = [0.03, 0.865, 0.0247];
    const pairs = {
      bothFail: truly * sensitivity * scale,
      labelFails: truly * (1 - sensitivity) * scale,
      judgeFails: (1 - truly) * falseAlarms * scale,
      bothPass: (1 - truly) * (1 - falseAlarms) * scale,
    };
    const judged = truly * sensitivity + (1 - truly) * falseAlarms;
    const { failRate, interval } = ppi(pairs, { failed: judged * 1e9, n: 1e9 });
    expect(failRate).toBeCloseTo(0.03, 9);
    const saved = 1 - ((interval[1] - failRate) / 0.005) ** 2;
    expect(saved).toBeCloseTo(0.433, 2);
  });

  it('refuses to work without labels', () => {
    const none = { bothFail: 0, labelFails: 0, judgeFails: 0, bothPass: 0 };
    expect(() => ppi(none, { failed: 0, n: 10 })).toThrow(RangeError);
    expect(() => ppi(LABELS, { failed: 0, n: 0 })).toThrow(RangeError);
  });
});
