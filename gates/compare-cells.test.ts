import { describe, expect, it } from 'vitest';
import type { Cell } from '../core/cell.js';
import { compareCells, compareTraces } from './compare-cells.js';

/** 6 % suspected, all judged; of the rest one in ten is. Rates are of failure. */
function release(traces: number, { suspected, rest }: { suspected: number; rest: number }): readonly Cell[] {
  const cell = (stratum: 'suspected' | 'unsuspected', pi: number, own: readonly [number, number]): Cell => {
    const judged = Math.round(own[0] * pi);
    const failed = Math.round(judged * own[1]);
    return { stratum, pi, upstreamWeight: 1, traces: own[0], passed: judged - failed, failed, unanswered: 0 };
  };
  const flagged = Math.round(0.06 * traces);
  return [cell('suspected', 1, [flagged, suspected]), cell('unsuspected', 0.1, [traces - flagged, rest])];
}

const baseline = release(50_000, { suspected: 0.4, rest: 0.006 });

describe('compareCells', () => {
  it('passes a release that is as good, and blocks one that is three points worse', () => {
    const same = compareCells({ baseline, candidate: release(30_000, { suspected: 0.4, rest: 0.006 }) });
    expect(same).toMatchObject({ verdict: 'PASS', items: 30_000, objections: [] });
    expect(Math.abs(same.drop!)).toBeLessThan(0.001);
    const worse = compareCells({ baseline, candidate: release(30_000, { suspected: 0.5, rest: 0.032 }) });
    expect(worse.verdict).toBe('BLOCK');
    expect(worse.drop).toBeGreaterThan(0.025);
    expect(worse.largestDrop).toBeGreaterThan(worse.drop!);
  });

  it('is not decided by a few traces, and says how many it would take', () => {
    const few = compareCells({ baseline, candidate: release(1_000, { suspected: 0.4, rest: 0.006 }) });
    expect(few.verdict).toBe('INCONCLUSIVE');
    const more = few.moreItems.toPass!;
    expect(more).toBeGreaterThan(0);
    const later = compareCells({ baseline, candidate: release(1_000 + 2 * more, { suspected: 0.4, rest: 0.006 }) });
    expect(later.verdict).toBe('PASS');
  });

  it('counts what waits for its judge neither for the candidate nor against it', () => {
    const candidate = release(30_000, { suspected: 0.4, rest: 0.006 });
    const [suspected, rest] = candidate as [Cell, Cell];
    const half: Cell = { ...suspected, passed: suspected.passed / 2, failed: suspected.failed / 2 };
    const pending = compareCells({ baseline, candidate: [half, rest] });
    expect(pending.drop).toBeCloseTo(compareCells({ baseline, candidate }).drop!, 12);
    expect(pending.verdict).toBe('PASS');
    // All that waits, passes: without the correction the predicted rate would stand for what nobody has seen.
    const bad: Cell = { ...suspected, passed: 60, failed: 840 };
    expect(compareCells({ baseline, candidate: [bad, rest] }).verdict).toBe('BLOCK');
  });

  it('sees a fall in the few that were answered while most wait', () => {
    const [suspected, rest] = release(30_000, { suspected: 0.4, rest: 0.006 }) as [Cell, Cell];
    const few: Cell = { ...suspected, passed: 30, failed: 150 };
    expect(compareCells({ baseline, candidate: [few, rest] }).verdict).toBe('BLOCK');
  });

  it('does not block for what the baseline may have been itself, however many traces the candidate has', () => {
    const all = (traces: number, failed: number): readonly Cell[] => [
      { stratum: 'unsuspected', pi: 1, upstreamWeight: 1, traces, passed: traces - failed, failed, unanswered: 0 },
    ];
    // 60 of 2,000: 3 %, and at one-sided 99 % no more than 4.0 %; at 95 % it would be 3.7 %.
    const few = all(2_000, 60);
    const gate = (failed: number): string =>
      compareCells({ baseline: few, candidate: all(10_000_000, failed) }, { margin: 0.001 }).verdict;
    expect(gate(390_000)).toBe('INCONCLUSIVE');
    expect(gate(420_000)).toBe('BLOCK');
  });

  it('does not pass a release of which nothing, or too little, was answered', () => {
    const traces = release(30_000, { suspected: 0.4, rest: 0.006 });
    const silent = traces.map((cell) => ({ ...cell, passed: 0, failed: 0 }));
    const none = compareCells({ baseline, candidate: silent });
    expect(none.verdict).toBe('INCONCLUSIVE');
    expect(none.objections).toHaveLength(2);
    const shaky = traces.map((cell) => ({
      ...cell,
      unanswered: Math.round(0.2 * cell.passed),
      passed: cell.passed - Math.round(0.2 * cell.passed),
    }));
    expect(compareCells({ baseline, candidate: shaky }).objections).toEqual([
      expect.stringMatching(/^\d+ % of the candidate's selected traces have no answer$/),
    ]);
  });

  it('has nothing to compare with when the baseline has no verdict', () => {
    const silent = baseline.map((cell) => ({ ...cell, passed: 0, failed: 0 }));
    expect(compareCells({ baseline: silent, candidate: baseline })).toMatchObject({
      verdict: 'INCONCLUSIVE',
      drop: null,
      largestDrop: 1,
      objections: ['the baseline has no verdict to compare with'],
    });
  });
});

describe('compareTraces', () => {
  const rest = release(1_500, { suspected: 0.25, rest: 0.01 });
  const settled = (failed: number): Cell => ({
    stratum: 'settled',
    pi: 1,
    upstreamWeight: 1,
    traces: failed,
    passed: 0,
    failed,
    unanswered: 0,
  });

  it('blocks for what checks failed, where the sampled traces are too few to tell', () => {
    const { verdict, slices } = compareTraces({ baseline: rest, candidate: [...rest, settled(60)] });
    expect(slices.map(({ name, comparison }) => [name, comparison.verdict])).toEqual([
      ['', 'INCONCLUSIVE'],
      ['check-settled', 'BLOCK'],
    ]);
    expect(verdict).toBe('BLOCK');
  });

  it('does not block for a check that failed once more', () => {
    const { verdict } = compareTraces({ baseline: [...rest, settled(3)], candidate: [...rest, settled(4)] });
    expect(verdict).not.toBe('BLOCK');
  });

  it('is one comparison while checks settle nothing, and says when it is the baseline that is too thin', () => {
    const worse = release(1_500, { suspected: 0.3, rest: 0.02 });
    const { slices } = compareTraces({ baseline: rest, candidate: worse });
    expect(slices).toHaveLength(1);
    const [{ comparison }] = slices as [(typeof slices)[number]];
    expect(comparison).toMatchObject({ verdict: 'INCONCLUSIVE', moreItems: { toBlock: null }, isBaselineThin: true });
    const thick = compareTraces({ baseline: release(150_000, { suspected: 0.25, rest: 0.01 }), candidate: worse });
    expect(thick.slices[0]!.comparison.isBaselineThin).toBe(false);
  });
});
