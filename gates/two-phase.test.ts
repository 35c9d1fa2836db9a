import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jeffreysInterval } from './jeffreys.js';
import { twoPhase, type LabelStratum } from './two-phase.js';

/** The cells of statistics.md 4.4: suspected 6 %, of which the judge fails .36; and the rest, of which it fails .0301. */
const TRAFFIC: readonly LabelStratum[] = [
  {
    share: 0.06,
    verdicts: 60_000,
    cells: [
      { share: 0.36, labels: 40, failed: 38 },
      { share: 0.64, labels: 80, failed: 7 },
    ],
  },
  {
    share: 0.94,
    verdicts: 18_800,
    cells: [
      { share: 0.0301, labels: 90, failed: 17 },
      { share: 0.9699, labels: 220, failed: 0 },
    ],
  },
];

describe('twoPhase', () => {
  it('adds up what people found in each cell of stratum and verdict', () => {
    const estimate = twoPhase(TRAFFIC, { traces: 1e6 })!;
    expect(estimate.failRate).toBeCloseTo(0.06 * (0.36 * (38 / 40) + 0.64 * (7 / 80)) + 0.94 * 0.0301 * (17 / 90), 12);
    expect(estimate.labels).toBe(430);
    expect(estimate.unlabelledShare).toBeCloseTo(0, 12);
    expect(estimate.interval[0]).toBeLessThan(estimate.failRate);
    expect(estimate.interval[1]).toBeGreaterThan(estimate.failRate);
  });

  // By hand: one stratum, sizes known: V = Σ W² r(1-r)/m with r = (k + ½)/(m + 1).
  it('has the variance of a stratified sample of labels where all was judged', () => {
    const strata = [
      {
        share: 1,
        verdicts: Infinity,
        cells: [
          { share: 0.2, labels: 20, failed: 10 },
          { share: 0.8, labels: 40, failed: 0 },
        ],
      },
    ];
    const [a, b] = [10.5 / 21, 0.5 / 41];
    expect(twoPhase(strata, { traces: Infinity })!.variance).toBeCloseTo(
      (0.04 * a * (1 - a)) / 20 + (0.64 * b * (1 - b)) / 40,
      12,
    );
  });

  it('is Jeffreys’ interval where one cell is all there is', () => {
    const strata = [{ share: 1, verdicts: 500, cells: [{ share: 1, labels: 50, failed: 4 }] }];
    const { interval } = twoPhase(strata, { traces: 500 })!;
    const [low, high] = jeffreysInterval(4, 50);
    expect(interval[0]).toBeCloseTo(low, 12);
    expect(interval[1]).toBeCloseTo(high, 12);
  });

  it('grows wider the fewer verdicts its cells rest on', () => {
    const few = twoPhase(
      TRAFFIC.map((stratum) => ({ ...stratum, verdicts: stratum.verdicts / 1_000 })),
      { traces: 2_000 },
    )!;
    const many = twoPhase(TRAFFIC, { traces: 1e6 })!;
    expect(few.failRate).toBe(many.failRate);
    expect(few.variance).toBeGreaterThan(2 * many.variance);
  });

  it('counts a small cell without a label as 0 to 100 %, and says how much that is', () => {
    const strata = [
      {
        share: 1,
        verdicts: Infinity,
        cells: [
          { share: 0.97, labels: 100, failed: 10 },
          { share: 0.03, labels: 0, failed: 0 },
        ],
      },
    ];
    const { interval, unlabelledShare } = twoPhase(strata, { traces: Infinity })!;
    const [low, high] = jeffreysInterval(10, 100);
    expect(unlabelledShare).toBeCloseTo(0.03, 12);
    expect(interval[0]).toBeCloseTo(0.97 * low, 9);
    expect(interval[1]).toBeCloseTo(0.97 * high + 0.03, 9);
  });

  it('tells no rate where labels say nothing of more than 5 % of the traffic', () => {
    const [suspected, rest] = TRAFFIC as [LabelStratum, LabelStratum];
    const unlabelled = { ...rest, cells: rest.cells.map(({ share }) => ({ share, labels: 0, failed: 0 })) };
    expect(twoPhase([suspected, unlabelled], { traces: 1e6 })).toBeNull();
    expect(twoPhase([suspected, { share: 0.94, verdicts: 0, cells: [] }], { traces: 1e6 })).toBeNull();
    expect(twoPhase([], { traces: 1 })).toBeNull();
  });

  it('keeps the rate inside the interval and both inside [0, 1]', () => {
    const cell = fc.record({
      share: fc.double({ min: 0.01, max: 1, noNaN: true }),
      labels: fc.integer({ min: 1, max: 50 }),
    });
    const stratum = fc.record({
      cells: fc.array(cell, { minLength: 1, maxLength: 3 }),
      fails: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(
        fc.array(stratum, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 2, max: 5_000 }),
        (parts, traces) => {
          const strata = parts.map(({ cells, fails }) => {
            const total = cells.reduce((sum, { share }) => sum + share, 0);
            const own = cells.map(({ share, labels }) => ({
              share: share / total,
              labels,
              failed: Math.floor(fails * labels),
            }));
            return { share: 1 / parts.length, verdicts: traces, cells: own };
          });
          const { failRate, interval } = twoPhase(strata, { traces })!;
          expect(interval[0]).toBeGreaterThanOrEqual(0);
          expect(interval[1]).toBeLessThanOrEqual(1);
          expect(failRate).toBeGreaterThanOrEqual(interval[0] - 1e-12);
          expect(failRate).toBeLessThanOrEqual(interval[1] + 1e-12);
        },
      ),
    );
  });
});
