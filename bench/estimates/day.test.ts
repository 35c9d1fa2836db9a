import { describe, expect, it } from 'vitest';
import { simulateDay } from './day.js';
import { POPULATION, reportedPassRate } from './population.js';
import { createPrng, randomTraceId } from './prng.js';
import { ROWS } from './rows.js';
import { summarize } from './summary.js';
import { addTallies, EMPTY_TALLY, type Tally } from './tally.js';

const small = ROWS.findIndex((row) => row.tracesPerDay === 200);
const middle = ROWS.findIndex((row) => row.tracesPerDay === 2_000);

function simulateDays(row: number, days: number): Tally {
  let tally = EMPTY_TALLY;
  for (let day = 0; day < days; day += 1) tally = addTallies(tally, simulateDay(ROWS[row]!, [1, row, day]));
  return tally;
}

describe('simulateDay', () => {
  it('gives the same day for the same seeds and another for others', () => {
    expect(simulateDay(ROWS[middle]!, [1, 2, 3])).toEqual(simulateDay(ROWS[middle]!, [1, 2, 3]));
    expect(simulateDay(ROWS[middle]!, [1, 2, 3]).error).not.toBe(simulateDay(ROWS[middle]!, [1, 2, 4]).error);
  });

  it.each([
    [small, 400],
    [middle, 200],
  ])('row %i holds its limits over %i days, but for the noise of so few', (row, days) => {
    expect(summarize(ROWS[row]!, simulateDays(row, days)).broken).toEqual([]);
  });

  it('shows that the plain mean is far off as soon as not everything is judged', () => {
    const { plainMeanBias, plainMeanCoverage, bias } = summarize(ROWS[middle]!, simulateDays(middle, 200));
    expect(plainMeanBias).toBeLessThan(-0.1);
    expect(plainMeanCoverage).toBe(0);
    expect(Math.abs(bias)).toBeLessThan(0.005);
  });
});

describe('reportedPassRate', () => {
  it('is what the instrument reports of each stratum, by share', () => {
    const unsuspected = 0.00638 * 0.95 + (1 - 0.00638) * 0.005;
    const suspected = 0.4 * 0.95 + 0.6 * 0.005;
    const incomplete = 0.15 * 0.95 + 0.85 * 0.005;
    const failed = 0.005 + 0.93 * unsuspected + 0.06 * suspected + 0.005 * incomplete;
    expect(reportedPassRate(POPULATION, 1)).toBeCloseTo(1 - failed, 12);
  });
});

describe('summarize', () => {
  const row = ROWS[middle]!;
  const held: Tally = { ...EMPTY_TALLY, days: 1_000, judgedShare: 170, width: 33, covered: 950 };

  it('finds nothing broken when every limit is held', () => {
    expect(summarize(row, held).broken).toEqual([]);
  });

  it.each([
    [{ covered: 929 }, 'coverage 92.9 % is outside 93.0 % to 97.0 %'],
    [{ covered: 971 }, 'coverage 97.1 % is outside 93.0 % to 97.0 %'],
    [{ judgedShare: 201 }, 'judged share 20.1 % is above 20.0 %'],
    [{ width: 45.1 }, 'mean width 4.51 points is above 4.50'],
  ])('names the limit that %o breaks', (over, reason) => {
    expect(summarize(row, { ...held, ...over }).broken).toEqual([reason]);
  });
});

describe('createPrng', () => {
  it('gives trace ids of 16 bytes in lower-case hex, no two alike', () => {
    const prng = createPrng(1);
    const ids = Array.from({ length: 10_000 }, () => randomTraceId(prng));
    expect(new Set(ids).size).toBe(10_000);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
  });

  it('is uniform: a chi-squared of 100 cells over 100,000 draws is unremarkable', () => {
    const prng = createPrng(7, 3);
    const cells = new Array<number>(100).fill(0);
    for (let draw = 0; draw < 100_000; draw += 1) cells[Math.floor(prng.uniform() * 100)]! += 1;
    const chiSquared = cells.reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0);
    // The .0005 and .9995 quantiles of chi-squared with 99 degrees of freedom.
    expect(chiSquared).toBeGreaterThan(56.5);
    expect(chiSquared).toBeLessThan(155);
  });

  it('gives unrelated streams for neighbouring days', () => {
    const a = createPrng(1, 0, 0);
    const b = createPrng(1, 0, 1);
    const equal = Array.from({ length: 10_000 }, () => (a.uint32() >>> 28) - (b.uint32() >>> 28)).filter(
      (gap) => gap === 0,
    );
    expect(equal.length).toBeGreaterThan(500);
    expect(equal.length).toBeLessThan(750);
  });
});
