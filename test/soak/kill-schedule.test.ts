import { describe, expect, it } from 'vitest';
import { countByPoint, killSchedule, NAMED, PASSED } from './kill-schedule.js';

describe('killSchedule', () => {
  it('kills at least ten times at each named point of fifty, and at every other point too', () => {
    const counts = countByPoint(killSchedule(50, 'seed'));
    for (const point of NAMED) expect(counts.get(point)).toBe(10);
    expect([...counts.keys()].sort()).toEqual([...PASSED].sort());
  });

  it('has each named point in five', () => {
    const counts = countByPoint(killSchedule(5, 'seed'));
    for (const point of NAMED) expect(counts.get(point)).toBeGreaterThanOrEqual(1);
  });

  it('is the same for the same seed', () => {
    expect(killSchedule(20, 'a')).toEqual(killSchedule(20, 'a'));
    expect(killSchedule(20, 'a')).not.toEqual(killSchedule(20, 'b'));
  });
});
