import { describe, expect, it } from 'vitest';
import { createPrng } from '../estimates/prng.js';
import { drawCells, mixOf, NO_REGRESSION, reportedFailRate, type Judge } from './traffic.js';

const PERFECT: Judge = { name: 'perfect', sensitivity: 1, specificity: 1 };

describe('mixOf', () => {
  it('fails 3 % of the traffic, and two points more after a drop of two, wherever suspicion sees them', () => {
    expect(reportedFailRate(mixOf(PERFECT, NO_REGRESSION))).toBeCloseTo(0.03, 5);
    for (const seenRatio of [0, 0.8, 1]) {
      expect(reportedFailRate(mixOf(PERFECT, { drop: 0.02, seenRatio }))).toBeCloseTo(0.05, 5);
    }
  });

  it('confirms FAILs of the unsuspected alone', () => {
    const judge = { name: '', sensitivity: 0.865, specificity: 0.975 };
    const raw = mixOf(judge, NO_REGRESSION);
    const confirmed = mixOf({ ...judge, confirmed: { trueFails: 0.96, falseFails: 0.12 } }, NO_REGRESSION);
    expect(confirmed.suspectedFails).toBe(raw.suspectedFails);
    // .83 of the .638 % and .003 of the rest.
    expect(confirmed.unsuspectedFails).toBeCloseTo(0.00638 * 0.83 + 0.99362 * 0.003, 4);
  });
});

describe('drawCells', () => {
  it('judges by pi and counts every trace', () => {
    const mix = mixOf(PERFECT, NO_REGRESSION);
    const cells = drawCells(createPrng(5), 1_000_000, { pi: { suspected: 1, unsuspected: 0.02 }, mix });
    expect(cells.reduce((sum, cell) => sum + cell.traces, 0)).toBe(1_000_000);
    const [suspected, unsuspected] = cells;
    expect(suspected!.passed + suspected!.failed).toBe(suspected!.traces);
    expect((unsuspected!.passed + unsuspected!.failed) / unsuspected!.traces).toBeCloseTo(0.02, 3);
    expect(suspected!.failed / suspected!.traces).toBeCloseTo(0.4, 2);
  });
});
