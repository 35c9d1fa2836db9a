import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../core/cell.js';
import { estimatePassRate } from './estimate.js';
import { wilsonInterval } from './wilson.js';

const cell = (over: Partial<Cell>): Cell => ({
  stratum: 'unsuspected',
  pi: 1,
  upstreamWeight: 1,
  traces: 0,
  passed: 0,
  failed: 0,
  unanswered: 0,
  ...over,
});

const judgedCell = (over: Partial<Cell>): Cell => cell({ traces: (over.passed ?? 0) + (over.failed ?? 0), ...over });

const anyCell = fc
  .record({
    stratum: fc.constantFrom('settled' as const, 'suspected' as const, 'unsuspected' as const, 'incomplete' as const),
    pi: fc.double({ min: 0.005, max: 1, noNaN: true }),
    upstreamWeight: fc.constantFrom(1, 1, 4, 100),
    passed: fc.integer({ min: 0, max: 300 }),
    failed: fc.integer({ min: 0, max: 300 }),
    unanswered: fc.integer({ min: 0, max: 30 }),
    sampledOut: fc.integer({ min: 0, max: 1_000 }),
  })
  .map(({ sampledOut, ...own }): Cell => {
    const settled = own.stratum === 'settled';
    const unanswered = settled ? 0 : own.unanswered;
    const traces = own.passed + own.failed + unanswered + (settled ? 0 : sampledOut);
    return { ...own, pi: settled ? 1 : own.pi, unanswered, traces };
  });
const anyCells = fc.array(anyCell, { maxLength: 8 });

describe('estimatePassRate', () => {
  it('undoes failure-heavy sampling, which the plain mean does not', () => {
    const { passRate, naiveMean } = estimatePassRate([
      cell({ stratum: 'suspected', pi: 1, traces: 60, passed: 36, failed: 24 }),
      cell({ stratum: 'unsuspected', pi: 0.1, traces: 940, passed: 92, failed: 2 }),
    ]);
    expect(passRate).toBeCloseTo(0.06 * 0.6 + 0.94 * (92 / 94), 12);
    expect(naiveMean).toBeCloseTo(128 / 154, 12);
  });

  it('weighs verdicts inside a stratum by the inverse of their probability when that changed', () => {
    const { passRate } = estimatePassRate([
      cell({ pi: 0.5, traces: 100, passed: 40, failed: 10 }),
      cell({ pi: 0.1, traces: 100, passed: 10, failed: 0 }),
    ]);
    expect(passRate).toBeCloseTo(1 - 10 / 0.5 / (50 / 0.5 + 10 / 0.1), 12);
  });

  it('counts a trace as often as the sampler before us says it stands for', () => {
    const { passRate } = estimatePassRate([
      judgedCell({ passed: 10, failed: 0 }),
      judgedCell({ upstreamWeight: 9, passed: 0, failed: 10 }),
    ]);
    expect(passRate).toBeCloseTo(0.1, 12);
  });

  it('is the Wilson interval when one stratum is judged whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 500 }), (passed, failed) => {
        fc.pre(passed + failed > 0);
        const { interval } = estimatePassRate([judgedCell({ passed, failed })]);
        const [low, high] = wilsonInterval(passed, passed + failed);
        expect(interval![0]).toBeCloseTo(low, 12);
        expect(interval![1]).toBeCloseTo(high, 12);
      }),
    );
  });

  it('is wider for traces that go together in sessions, and tells the same rate', () => {
    const cells = [judgedCell({ passed: 90, failed: 10 })];
    const [low, high] = wilsonInterval(90, 100, 1.959963984540054 * 2);
    const { passRate, interval } = estimatePassRate(cells, { sessionEffect: 4 });
    expect(passRate).toBe(estimatePassRate(cells).passRate);
    expect(interval![0]).toBeCloseTo(low, 12);
    expect(interval![1]).toBeCloseTo(high, 12);
    expect(() => estimatePassRate(cells, { sessionEffect: 0.5 })).toThrow(RangeError);
  });

  it('keeps the rate inside the interval and both inside [0, 1]', () => {
    fc.assert(
      fc.property(anyCells, (cells) => {
        const { passRate, interval, worstCase } = estimatePassRate(cells);
        for (const [low, high] of [interval, worstCase].filter((bounds) => bounds != null)) {
          expect(low).toBeGreaterThanOrEqual(0);
          expect(high).toBeLessThanOrEqual(1);
          expect(low).toBeLessThanOrEqual(high);
        }
        if (passRate === null) return;
        expect(interval![0]).toBeLessThanOrEqual(passRate + 1e-12);
        expect(interval![1]).toBeGreaterThanOrEqual(passRate - 1e-12);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is the same when a cell is counted in two parts', () => {
    fc.assert(
      fc.property(anyCells, fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (cells, pick, share) => {
        const index = pick % Math.max(1, cells.length);
        const whole = cells[index];
        fc.pre(whole !== undefined);
        const passed = Math.floor(whole.passed * share);
        const failed = Math.floor(whole.failed * share);
        const unanswered = Math.floor(whole.unanswered * share);
        const rest = whole.traces - whole.passed - whole.failed - whole.unanswered;
        const part = {
          ...whole,
          passed,
          failed,
          unanswered,
          traces: passed + failed + unanswered + Math.floor(rest * share),
        };
        const other = {
          ...whole,
          passed: whole.passed - passed,
          failed: whole.failed - failed,
          unanswered: whole.unanswered - unanswered,
          traces: whole.traces - part.traces,
        };
        const before = estimatePassRate(cells);
        const after = estimatePassRate([...cells.slice(0, index), part, other, ...cells.slice(index + 1)]);
        expect(after.emptyStrata).toEqual(before.emptyStrata);
        expect(after.traces).toBe(before.traces);
        expect(after.judged).toBe(before.judged);
        expectClose(after.passRate, before.passRate);
        expectClose(after.interval?.[0], before.interval?.[0]);
        expectClose(after.interval?.[1], before.interval?.[1]);
      }),
    );
  });

  it('never rises when a pass becomes a failure', () => {
    fc.assert(
      fc.property(anyCells, fc.nat(), (cells, pick) => {
        const index = pick % Math.max(1, cells.length);
        const chosen = cells[index];
        fc.pre(chosen !== undefined && chosen.passed > 0);
        const worse = { ...chosen, passed: chosen.passed - 1, failed: chosen.failed + 1 };
        const before = estimatePassRate(cells);
        const after = estimatePassRate(cells.with(index, worse));
        fc.pre(before.passRate !== null);
        expect(after.passRate!).toBeLessThan(before.passRate);
        expect(after.naiveMean!).toBeLessThan(before.naiveMean!);
      }),
    );
  });

  it('lowers both bounds when a pass becomes a failure in the only stratum', () => {
    for (let failed = 0; failed < 50; failed += 1) {
      const before = estimatePassRate([cell({ pi: 0.2, traces: 250, passed: 50 - failed, failed })]).interval!;
      const after = estimatePassRate([
        cell({ pi: 0.2, traces: 250, passed: 49 - failed, failed: failed + 1 }),
      ]).interval!;
      expect(after[0]).toBeLessThan(before[0] + Number.EPSILON);
      expect(after[1]).toBeLessThan(before[1] + Number.EPSILON);
    }
  });

  it('narrows as more of the same is judged', () => {
    const widthAt = (judged: number): number => {
      const [low, high] = estimatePassRate([
        judgedCell({ stratum: 'suspected', passed: 60, failed: 40 }),
        cell({ pi: judged / 2_000, traces: 2_000, passed: judged * 0.99, failed: judged * 0.01 }),
      ]).interval!;
      return high - low;
    };
    expect(widthAt(200)).toBeLessThan(widthAt(100));
    expect(widthAt(2_000)).toBeLessThan(widthAt(200));
  });
});

describe('estimatePassRate with settled traces', () => {
  it('takes them as known: beside a sampled stratum only their share varies', () => {
    const settled = judgedCell({ stratum: 'settled', failed: 100 });
    const passed = judgedCell({ passed: 900 });
    const { passRate, interval, judged } = estimatePassRate([settled, passed]);
    expect(passRate).toBeCloseTo(0.9, 12);
    expect(judged).toBe(900);
    const mix = (1.959963984540054 ** 2 * 0.9 * 0.1) / 1_000;
    expect(interval![0]).toBeCloseTo(0.9 - Math.hypot(0.9 * (1 - wilsonInterval(900, 900)[0]), Math.sqrt(mix)), 12);
    expect(interval![1]).toBeCloseTo(0.9 + Math.sqrt(mix), 12);
  });

  it('counts them by Wilson when there is nothing else: three failures do not prove a rate of 0', () => {
    const { passRate, interval, judged } = estimatePassRate([judgedCell({ stratum: 'settled', failed: 3 })]);
    expect(passRate).toBe(0);
    expect(judged).toBe(0);
    expect(interval).toEqual(wilsonInterval(0, 3));
  });

  it('does not let the failures that checks found speak for a stratum that nobody judged', () => {
    const { passRate, interval, emptyStrata } = estimatePassRate([
      judgedCell({ stratum: 'settled', failed: 100 }),
      cell({ stratum: 'unsuspected', pi: 0.08, traces: 900 }),
    ]);
    expect(passRate).toBeNull();
    expect(emptyStrata).toEqual(['unsuspected']);
    expect(interval![0]).toBe(0);
    expect(interval![1]).toBeGreaterThan(0.9);
    expect(interval![1]).toBeLessThan(0.95);
  });
});

describe('estimatePassRate without verdicts', () => {
  it('makes up no rate from nothing', () => {
    expect(estimatePassRate([])).toEqual({
      passRate: null,
      interval: null,
      naiveMean: null,
      judged: 0,
      traces: 0,
      unansweredShare: 0,
      emptyStrata: [],
    });
    expect(estimatePassRate([cell({ traces: 10, pi: 0.08 })])).toMatchObject({
      passRate: null,
      interval: null,
      emptyStrata: ['unsuspected'],
    });
  });

  it('adds the whole share of an empty stratum to the interval, and names it', () => {
    const judged = judgedCell({ stratum: 'suspected', passed: 60, failed: 40 });
    const without = estimatePassRate([judged]);
    const { passRate, interval, emptyStrata } = estimatePassRate([judged, cell({ traces: 100, pi: 0.01 })]);
    expect(emptyStrata).toEqual(['unsuspected']);
    expect(passRate).toBeCloseTo(without.passRate!, 12);
    expect(interval![0]).toBeLessThan(without.interval![0] / 2);
    expect(interval![1]).toBeGreaterThan(0.5 + without.interval![1] / 2);
  });
});

describe('estimatePassRate with unanswered traces', () => {
  const cells = (unanswered: number): readonly Cell[] => [
    cell({ traces: 100, passed: 90 - unanswered, failed: 10, unanswered }),
  ];

  it('shows their share and leaves them out of the rate', () => {
    const { unansweredShare, passRate } = estimatePassRate(cells(10));
    expect(unansweredShare).toBeCloseTo(0.1, 12);
    expect(passRate).toBeCloseTo(80 / 90, 12);
  });

  it('gives worst-case bounds above 5 % and not at 5 %', () => {
    expect(estimatePassRate(cells(5)).worstCase).toBeUndefined();
    const { worstCase } = estimatePassRate(cells(6));
    expect(worstCase![0]).toBeCloseTo(wilsonInterval(84, 100)[0], 12);
    expect(worstCase![1]).toBeCloseTo(wilsonInterval(90, 100)[1], 12);
  });

  it('gives worst-case bounds that are never narrower than the interval', () => {
    const few = estimatePassRate([cell({ traces: 5, passed: 4, unanswered: 1 })]);
    expect(few.worstCase![1]).toBeGreaterThanOrEqual(few.interval![1]);
    expect(few.worstCase![0]).toBeLessThanOrEqual(few.interval![0]);
    fc.assert(
      fc.property(anyCells, (cells) => {
        const { interval, worstCase } = estimatePassRate(cells);
        if (interval === null || worstCase === undefined) return;
        expect(worstCase[0]).toBeLessThanOrEqual(interval[0]);
        expect(worstCase[1]).toBeGreaterThanOrEqual(interval[1]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('gives worst-case bounds when few unanswered traces carry much of the rate', () => {
    const { unansweredShare, worstCase } = estimatePassRate([
      judgedCell({ stratum: 'suspected', passed: 500, failed: 500 }),
      cell({ pi: 0.01, traces: 2_000, passed: 15, failed: 1, unanswered: 4 }),
    ]);
    expect(unansweredShare).toBeCloseTo(400 / 3_000, 12);
    expect(worstCase![0]).toBeLessThan(0.7);
  });

  it('counts traces without content, which nothing drew, for no more than they are', () => {
    const { unansweredShare, worstCase } = estimatePassRate([
      cell({ pi: 0.1, traces: 9_600, passed: 960 }),
      cell({ pi: 1, traces: 400, unanswered: 400 }),
    ]);
    expect(unansweredShare).toBeCloseTo(0.04, 12);
    expect(worstCase).toBeUndefined();
  });

  it('counts neither audits nor settled traces as selected', () => {
    const { unansweredShare } = estimatePassRate([...cells(5), judgedCell({ stratum: 'settled', failed: 100 })]);
    expect(unansweredShare).toBeCloseTo(0.05, 12);
  });
});

describe('estimatePassRate and impossible cells', () => {
  it.each([
    [{ pi: 0 }, 'expected pi in (0, 1], got 0 in a cell of stratum unsuspected'],
    [{ pi: 1.2 }, 'expected pi in (0, 1], got 1.2 in a cell of stratum unsuspected'],
    [{ upstreamWeight: 0.5 }, 'expected an upstream weight >= 1, got 0.5 in a cell of stratum unsuspected'],
    [{ failed: -1 }, 'expected whole counts >= 0, got -1 in a cell of stratum unsuspected'],
    [{ traces: 3, passed: 2, failed: 2 }, 'expected at most 3 answers, got 4 in a cell of stratum unsuspected'],
  ])('refuses %o', (over, message) => {
    expect(() => estimatePassRate([cell({ traces: 10, ...over })])).toThrow(new RangeError(message));
  });
});

describe('coverage of the interval, by summing over every outcome', () => {
  // L. D. Brown, T. T. Cai and A. DasGupta (2001), Statistical Science 16(2), 101-133: Wilson's is near .95 on average.
  it('is near 95 % on average for one stratum', () => {
    const n = 200;
    const rates = Array.from({ length: 181 }, (_, step) => 0.8 + step / 1_000);
    const covered = rates.map((rate) => {
      const chances = binomial(n, 1 - rate);
      return chances.reduce((sum, chance, failed) => {
        if (chance < 1e-12) return sum;
        const [low, high] = estimatePassRate([judgedCell({ passed: n - failed, failed })]).interval!;
        return low <= rate && rate <= high ? sum + chance : sum;
      }, 0);
    });
    const mean = covered.reduce((sum, coverage) => sum + coverage, 0) / covered.length;
    expect(mean).toBeGreaterThan(0.945);
    expect(mean).toBeLessThan(0.96);
    expect(Math.min(...covered)).toBeGreaterThan(0.91);
  });

  it('stays above 93 % for two strata of fixed sizes, one thinly sampled', () => {
    const failed = { suspected: binomial(60, 0.385), unsuspected: binomial(94, 0.011) };
    const truth = 0.06 * (1 - 0.385) + 0.94 * (1 - 0.011);
    let coverage = 0;
    for (const [suspected, chance] of failed.suspected.entries()) {
      for (const [unsuspected, other] of failed.unsuspected.entries()) {
        if (chance * other < 1e-12) continue;
        const [low, high] = estimatePassRate([
          cell({ stratum: 'suspected', traces: 60, passed: 60 - suspected, failed: suspected }),
          cell({ pi: 0.1, traces: 940, passed: 94 - unsuspected, failed: unsuspected }),
        ]).interval!;
        if (low <= truth && truth <= high) coverage += chance * other;
      }
    }
    expect(coverage).toBeGreaterThan(0.93);
  });
});

/** Chances of 0 to n successes. */
function binomial(n: number, rate: number): readonly number[] {
  const chances = [(1 - rate) ** n];
  for (let k = 1; k <= n; k += 1) chances.push((chances[k - 1]! * (n - k + 1) * rate) / (k * (1 - rate)));
  return chances;
}

function expectClose(actual: number | null | undefined, expected: number | null | undefined): void {
  if (actual == null || expected == null) {
    expect(actual).toBe(expected);
    return;
  }
  expect(actual).toBeCloseTo(expected, 9);
}
