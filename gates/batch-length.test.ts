import { describe, expect, it } from 'vitest';
import { batchLengthMs, checksPerYear } from './batch-length.js';

const MINUTE_MS = 60_000;

describe('batchLengthMs', () => {
  it.each([
    [1_000_000, 5],
    [100_000, 5],
    [30_000, 15],
    [10_000, 60],
    [2_000, 240],
    [2_000 / 7, 1_440],
    [0, 1_440],
  ])('at %d traces a day looks every %d minutes', (tracesPerDay, minutes) => {
    expect(batchLengthMs(tracesPerDay)).toBe(minutes * MINUTE_MS);
  });

  it('looks 105,120 times a year every five minutes', () => {
    expect(checksPerYear(5 * MINUTE_MS)).toBe(105_120);
  });
});
