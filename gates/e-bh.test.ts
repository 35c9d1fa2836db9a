import { describe, expect, it } from 'vitest';
import { alarmingSlices } from './e-bh.js';

const logs = (...values: readonly number[]): number[] => values.map(Math.log);

describe('alarmingSlices', () => {
  it('asks of one slice alone A times the number of slices', () => {
    expect(alarmingSlices(logs(79, 1, 1, 1), Math.log(20))).toEqual([false, false, false, false]);
    expect(alarmingSlices(logs(81, 1, 1, 1), Math.log(20))).toEqual([true, false, false, false]);
  });

  it('asks less of each when several are bad together', () => {
    // The second needs 40, the third 80/3, the fourth 20: three have 27, so all three alarm though none has 40.
    expect(alarmingSlices(logs(27, 3, 28, 29), Math.log(20))).toEqual([true, false, true, true]);
  });

  // Steps down from the top: the second fails its own test and is taken along by the third.
  it('takes along what ranks above the last that holds', () => {
    expect(alarmingSlices(logs(30, 30, 30), Math.log(20))).toEqual([true, true, true]);
  });

  it('goes down to the last that holds, also past some that do not', () => {
    // They need 60, 30 and 20: the second has too little for two, and the third enough for three.
    expect(alarmingSlices(logs(100, 25, 21), Math.log(20))).toEqual([true, true, true]);
  });

  it('is the plain test for one slice, and says nothing of none', () => {
    expect(alarmingSlices([Math.log(20)], Math.log(20))).toEqual([true]);
    expect(alarmingSlices([], Math.log(20))).toEqual([]);
  });

  it('does not overflow on evidence that has no finite exponential', () => {
    expect(alarmingSlices([5_000, -5_000], 11)).toEqual([true, false]);
  });
});
