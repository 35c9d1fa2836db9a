import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateLabels } from './allocate-labels.js';

/** The cells of statistics.md 4.4, of which there are more than anybody labels. */
const CELLS = [
  { share: 0.0216, rate: 0.959, available: 1e6 },
  { share: 0.0384, rate: 0.085, available: 1e6 },
  { share: 0.0283, rate: 0.184, available: 1e6 },
  { share: 0.9117, rate: 0.0009, available: 1e6 },
] as const;

const halfWidth = (labels: readonly number[]): number =>
  1.96 *
  Math.sqrt(
    labels.reduce((sum, count, index) => {
      const { share, rate } = CELLS[index]!;
      return sum + (share ** 2 * rate * (1 - rate)) / count;
    }, 0),
  );

describe('allocateLabels', () => {
  // J. Neyman (1934): the variance is least at n_h proportional to W_h S_h. The design tells 433 labels for ± .5 points.
  it('reaches half a point with the labels that the design tells', () => {
    const labels = allocateLabels(CELLS, 440);
    expect(labels.reduce((sum, count) => sum + count, 0)).toBe(440);
    expect(halfWidth(labels)).toBeLessThanOrEqual(0.00505);
    expect(halfWidth(labels.map(() => 110))).toBeGreaterThan(0.0055);
  });

  it('is proportional to W √(r (1 − r)) above the floor', () => {
    const labels = allocateLabels(CELLS, 100_000);
    const demand = CELLS.map(({ share, rate }) => share * Math.sqrt(rate * (1 - rate)));
    const total = demand.reduce((sum, part) => sum + part, 0);
    demand.forEach((part, index) => {
      expect(Math.abs(labels[index]! - (100_000 * part) / total)).toBeLessThanOrEqual(1);
    });
  });

  it('gives every cell twenty, or all it has', () => {
    const [first, ...rest] = CELLS;
    expect(Math.min(...allocateLabels(CELLS, 200))).toBeGreaterThanOrEqual(20);
    expect(allocateLabels([{ ...first, available: 7 }, ...rest], 200)[0]).toBe(7);
  });

  it('shares alike what is too little for the floors', () => {
    expect(allocateLabels(CELLS, 8)).toEqual([2, 2, 2, 2]);
    expect(allocateLabels(CELLS, 0)).toEqual([0, 0, 0, 0]);
  });

  it('gives out exactly what it is given, as far as there are traces', () => {
    const cell = fc.record({
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      rate: fc.double({ min: 0, max: 1, noNaN: true }),
      available: fc.integer({ min: 0, max: 300 }),
    });
    fc.assert(
      fc.property(fc.array(cell, { maxLength: 8 }), fc.integer({ min: 0, max: 1_000 }), (cells, total) => {
        // A cell without any demand gets its floor and no more.
        fc.pre(cells.every(({ share, rate }) => share > 0.01 && rate > 0.01 && rate < 0.99));
        const labels = allocateLabels(cells, total);
        const available = cells.reduce((sum, one) => sum + one.available, 0);
        expect(labels.reduce((sum, count) => sum + count, 0)).toBe(Math.min(total, available));
        labels.forEach((count, index) => {
          expect(count).toBeLessThanOrEqual(cells[index]!.available);
        });
      }),
    );
  });

  it('refuses a share of labels', () => {
    expect(() => allocateLabels(CELLS, 1.5)).toThrow(RangeError);
  });
});
