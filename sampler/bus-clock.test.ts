import { describe, expect, it } from 'vitest';
import { BusClock } from './bus-clock.js';

/** Bus time and our own clock are far apart, as those of two machines may be. */
const BUS = 1_000_000;
const at = (ms: number) => ({ partition: 3, acceptedAtMs: BUS + ms });

describe('bus time', () => {
  it('is not known of a partition that brought nothing', () => {
    const clock = new BusClock();
    clock.caughtUp('spans', 5);
    clock.caughtUp('logs', 5);
    expect([clock.nowMs(3), clock.latestMs()]).toEqual([-Infinity, -Infinity]);
  });

  it('is that of the newest span while spans wait and log events were read', () => {
    const clock = new BusClock();
    clock.saw('spans', at(40), 7);
    clock.caughtUp('logs', 7);
    expect(clock.nowMs(3)).toBe(BUS + 40);
  });

  it('goes on with our own clock once both topics were read up to their ends', () => {
    const clock = new BusClock();
    clock.saw('spans', at(40), 7);
    clock.caughtUp('spans', 30);
    clock.caughtUp('logs', 20);
    expect(clock.nowMs(3)).toBe(BUS + 40 + 13);
    clock.caughtUp('logs', 35);
    expect([clock.nowMs(3), clock.latestMs()]).toEqual([BUS + 40 + 23, BUS + 40 + 23]);
  });

  it('is that of the topic that is behind', () => {
    const clock = new BusClock();
    clock.saw('spans', at(900), 7);
    clock.caughtUp('spans', 30);
    expect(clock.nowMs(3)).toBe(-Infinity);
    clock.saw('logs', at(100), 31);
    expect(clock.nowMs(3)).toBe(BUS + 100);
    clock.saw('logs', at(200), 32);
    clock.caughtUp('logs', 31);
    expect(clock.nowMs(3)).toBe(BUS + 900 + 23);
  });

  it('is told by log events alone too, of which no span has come', () => {
    const clock = new BusClock();
    clock.saw('logs', at(10), 5);
    expect(clock.nowMs(3)).toBe(-Infinity);
    clock.caughtUp('spans', 6);
    clock.caughtUp('logs', 9);
    expect(clock.nowMs(3)).toBe(BUS + 11);
  });

  it('does not go back for a record that was accepted earlier', () => {
    const clock = new BusClock();
    clock.saw('spans', at(40), 7);
    clock.caughtUp('logs', 7);
    clock.saw('spans', at(20), 8);
    clock.caughtUp('logs', 8);
    expect(clock.nowMs(3)).toBe(BUS + 40);
  });
});
