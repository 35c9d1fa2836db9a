import { describe, expect, it } from 'vitest';
import type { Cell, LabelledCell } from '../core/cell.js';
import { correctedPassRate } from './corrected-rate.js';

const cell = (over: Partial<Cell>): Cell => ({
  ...{ stratum: 'unsuspected', pi: 1, upstreamWeight: 1, traces: 0, passed: 0, failed: 0, unanswered: 0 },
  ...over,
});

/** Labels of one weight: so many of so many traces, of which people failed so many. */
function labelled(
  of: Partial<LabelledCell> & { traces: number; labels: number; fails: number; pi?: number },
): LabelledCell {
  const { fails, pi = 1, ...over } = of;
  const w = 1 / pi;
  return {
    ...{ stratum: 'unsuspected', tracePassed: over.passed ?? true, passed: true },
    ...{ weight: over.traces * w, squares: over.traces * w * w },
    ...{ labelWeight: over.labels * w, labelSquares: over.labels * w * w, failedWeight: fails * w },
    ...{ oldestLabelMs: over.labels === 0 ? 0 : 1_000, newestLabelMs: over.labels === 0 ? 0 : 2_000 },
    ...over,
  };
}

/** The traffic of statistics.md 4.4 in a week: 6 % suspected, all judged; of the rest a tenth. */
const CELLS = [
  cell({ stratum: 'suspected', traces: 6_000, passed: 3_840, failed: 2_160 }),
  cell({ pi: 0.1, traces: 94_000, passed: 9_117, failed: 283 }),
];
const LABELS = [
  labelled({ stratum: 'suspected', passed: false, traces: 2_160, labels: 40, fails: 38 }),
  labelled({ stratum: 'suspected', passed: true, traces: 3_840, labels: 80, fails: 7 }),
  labelled({ passed: false, traces: 283, labels: 90, fails: 17, pi: 0.1 }),
  labelled({ passed: true, traces: 9_117, labels: 230, fails: 1, pi: 0.1 }),
];

describe('correctedPassRate', () => {
  it('puts what people found in each cell in place of what the judge said', () => {
    const corrected = correctedPassRate(CELLS, LABELS)!;
    const fails =
      0.06 * (0.36 * (38 / 40) + 0.64 * (7 / 80)) + 0.94 * ((283 / 9_400) * (17 / 90) + 9_117 / 9_400 / 230);
    expect(corrected.passRate).toBeCloseTo(1 - fails, 9);
    expect(corrected).toMatchObject({ labels: 440, oldestLabelMs: 1_000, newestLabelMs: 2_000 });
    expect(corrected.interval[0]).toBeLessThan(corrected.passRate);
    expect(corrected.interval[1]).toBeGreaterThan(corrected.passRate);
  });

  it('has other estimates beside it that tell the same, with wider intervals', () => {
    const { passRate, interval, beside } = correctedPassRate(CELLS, LABELS)!;
    for (const other of [beside.roganGladen!, beside.ppi!]) {
      expect(other.interval[0]).toBeLessThan(passRate);
      expect(other.interval[1]).toBeGreaterThan(passRate);
      expect(other.interval[1] - other.interval[0]).toBeGreaterThan(interval[1] - interval[0]);
    }
  });

  it('is told where a check settled, as far as people looked at that too', () => {
    const settled = cell({ stratum: 'settled', traces: 5_000, failed: 5_000 });
    expect(correctedPassRate([...CELLS, settled], LABELS)!.unlabelledShare).toBeCloseTo(5_000 / 105_000, 9);
    const looked = labelled({ stratum: 'settled', passed: false, traces: 5_000, labels: 30, fails: 30 });
    expect(correctedPassRate([...CELLS, settled], [...LABELS, looked])!.unlabelledShare).toBeCloseTo(0, 9);
  });

  it('is not told where labels do not allow it', () => {
    expect(correctedPassRate(CELLS, [])).toBeNull();
    const none = labelled({ passed: true, traces: 9_117, labels: 0, fails: 0, pi: 0.1 });
    expect(correctedPassRate(CELLS, [...LABELS.slice(0, 3), none])).toBeNull();
    expect(correctedPassRate([], [])).toBeNull();
  });

  it('weighs a label by its trace where probabilities changed inside a cell', () => {
    const mixed = {
      ...labelled({ passed: true, traces: 200, labels: 100, fails: 0 }),
      labelWeight: 200,
      labelSquares: 1_000,
      failedWeight: 50,
    };
    const corrected = correctedPassRate([cell({ traces: 200, passed: 200 })], [mixed])!;
    expect(corrected.passRate).toBeCloseTo(0.75, 12);
  });
});
