import { describe, expect, it } from 'vitest';
import type { Cell } from '../core/cell.js';
import { createBaseline } from './baseline.js';

const cell = (given: Partial<Cell>): Cell => ({
  stratum: 'unsuspected',
  pi: 1,
  upstreamWeight: 1,
  traces: 0,
  passed: 0,
  failed: 0,
  unanswered: 0,
  ...given,
});

describe('createBaseline', () => {
  it('weighs the strata by their size and not by what was judged', () => {
    const baseline = createBaseline([
      cell({ stratum: 'suspected', traces: 600, passed: 360, failed: 240 }),
      cell({ stratum: 'unsuspected', pi: 0.02, traces: 9_400, passed: 186, failed: 2 }),
    ])!;
    expect(baseline.stratumRates.suspected).toBeCloseTo(0.4, 12);
    expect(baseline.stratumRates.unsuspected).toBeCloseTo(2 / 188, 12);
    expect(baseline.failRate).toBeCloseTo(0.06 * 0.4 + 0.94 * (2 / 188), 12);
    // The mean of the judged would be 242 of 788.
    expect(baseline.failRate).toBeLessThan(0.04);
  });

  it('has the variance of a coin, and twice its error as tolerance, when everything was judged', () => {
    const baseline = createBaseline([cell({ traces: 100_000, passed: 97_000, failed: 3_000 })])!;
    expect(baseline.variance).toBeCloseTo(0.03 * 0.97, 5);
    expect(baseline.standardError).toBeCloseTo(Math.sqrt((0.03 * 0.97) / 100_000), 6);
    expect(baseline.nullRate).toBeCloseTo(0.03 + 2 * baseline.standardError, 12);
    expect(baseline.worstLoss).toBe(baseline.nullRate);
  });

  it('has the variance of the score, sampling and mix included, when little was judged', () => {
    // 1M traces a day over two weeks as in the design: 6 % suspected, of which 40 % fail, 2 % of the rest judged.
    const baseline = createBaseline([
      cell({ stratum: 'suspected', traces: 840_000, passed: 504_000, failed: 336_000 }),
      cell({ stratum: 'unsuspected', pi: 0.02, traces: 13_160_000, passed: 261_521, failed: 1_679 }),
    ])!;
    const g = 1_679 / 263_200;
    // var X = E[X²] − μ², by the law of total variance over strata: W p(1−p)/π within, and between.
    const within = 0.06 * 0.24 + (0.94 * g * (1 - g)) / 0.02;
    const between = 0.06 * (0.4 - baseline.failRate) ** 2 + 0.94 * (g - baseline.failRate) ** 2;
    expect(baseline.variance).toBeCloseTo(within + between, 3);
    expect(baseline.worstLoss).toBeCloseTo(baseline.nullRate + g * 49, 10);
  });

  it('asks of each bet the lambda that pays best for its change, within what the worst trace allows', () => {
    const sampled = createBaseline([cell({ traces: 1_000_000, passed: 950_000, failed: 50_000 })])!;
    expect(sampled.bets.map(({ change }) => change)).toEqual([0.0025, 0.005, 0.01, 0.02, 0.04]);
    expect(sampled.bets[3]!.lambda).toBeCloseTo(0.02 / (sampled.variance + 0.0004), 12);
    const thin = createBaseline([cell({ pi: 0.001, traces: 1_000_000, passed: 800, failed: 200 })])!;
    for (const { lambda } of thin.bets) expect(lambda * thin.worstLoss).toBeLessThanOrEqual(0.9);
  });

  it('does not bet on changes that drown in the error of the baseline', () => {
    // 17,143 traces are 60 days of 2,000 a week: a standard error of .13 points.
    const baseline = createBaseline([cell({ traces: 17_143, passed: 16_629, failed: 514 })])!;
    expect(baseline.bets.map(({ change }) => change)).toEqual([0.005, 0.01, 0.02, 0.04]);
    const few = createBaseline([cell({ traces: 100, passed: 97, failed: 3 })])!;
    expect(few.bets.map(({ change }) => change)).toEqual([0.04]);
  });

  it('never is surer of itself than the smallest change worth a page', () => {
    const cells = [cell({ traces: 100_000_000, passed: 97_000_000, failed: 3_000_000 })];
    expect(createBaseline(cells)!.nullRate).toBeCloseTo(0.0305, 12);
    expect(createBaseline(cells, { smallestChange: 0.01 })!.nullRate).toBeCloseTo(0.04, 12);
  });

  it('is not sure of itself because few verdicts held no failure', () => {
    const baseline = createBaseline([cell({ pi: 0.05, traces: 2_000, passed: 100 })])!;
    expect(baseline.failRate).toBe(0);
    // Half a failure in 101 verdicts, each of which stands for 20 traces or for none.
    expect(baseline.nullRate).toBeGreaterThan(2 * Math.sqrt((0.5 / 101) * 0.05 * 400 * (1 / 2_000)) * 0.99);
  });

  it('lets a stratum that nobody judged have failed altogether', () => {
    const judged = cell({ stratum: 'unsuspected', traces: 90_000, passed: 88_000, failed: 2_000 });
    const unknown = cell({ stratum: 'incomplete', traces: 10_000, unanswered: 10_000 });
    const baseline = createBaseline([judged, unknown])!;
    expect(baseline.nullRate - baseline.failRate).toBeGreaterThan(0.1);
    expect(baseline.stratumRates.incomplete).toBeCloseTo(2_000 / 90_000, 12);
  });

  it('takes the weight of the sampler before us into the rate', () => {
    const baseline = createBaseline([
      cell({ upstreamWeight: 1, traces: 1_000, failed: 100, passed: 900 }),
      cell({ upstreamWeight: 9, traces: 1_000, passed: 1_000 }),
    ])!;
    expect(baseline.failRate).toBeCloseTo(0.01, 12);
    expect(baseline.upstreamWeight).toBe(5);
  });

  it('is not made from traces without a verdict, nor from an agent that always fails', () => {
    expect(createBaseline([])).toBeNull();
    expect(createBaseline([cell({ traces: 50, unanswered: 50 })])).toBeNull();
    expect(createBaseline([cell({ traces: 5, failed: 5 })])).toBeNull();
  });

  it('is plain JSON', () => {
    const baseline = createBaseline([cell({ traces: 10_000, passed: 9_500, failed: 500 })])!;
    expect(JSON.parse(JSON.stringify(baseline))).toEqual(baseline);
  });

  it.each([[{ smallestChange: 0 }], [{ changes: [0.01, 1] }], [{ changes: [Number.NaN] }], [{ changes: [] }]])(
    'refuses %o',
    (options) => {
      expect(() => createBaseline([cell({ traces: 1, passed: 1 })], options)).toThrow(RangeError);
    },
  );
});
