import { expect, it } from 'vitest';
import { createCrowding } from './crowding.js';

const MIB = 2 ** 20;

it('lets everybody in until the bus has refused something, and again five seconds after the last time', () => {
  let nowMs = 1_000_000;
  const crowding = createCrowding({ nowMs: () => nowMs });
  const leave = crowding.enter(64 * MIB);
  expect(crowding.refuses(64 * MIB)).toBe(false);
  crowding.busRefused();
  expect(crowding.refuses(1)).toBe(true);
  nowMs += 4_999;
  expect(crowding.refuses(1)).toBe(true);
  nowMs += 1;
  expect(crowding.refuses(64 * MIB)).toBe(false);
  leave();
  expect(crowding.underwayBytes()).toBe(0);
});

it('lets one in on a full bus whatever its size, and more while they are small together', () => {
  const crowding = createCrowding({ nowMs: () => 0 });
  crowding.busRefused();
  expect(crowding.refuses(64 * MIB)).toBe(false);
  const leaveFirst = crowding.enter(1 * MIB);
  expect(crowding.refuses(1 * MIB)).toBe(false);
  expect(crowding.refuses(1 * MIB + 1)).toBe(true);
  const leaveSecond = crowding.enter(1 * MIB);
  expect(crowding.refuses(1)).toBe(true);
  leaveFirst();
  expect(crowding.refuses(1 * MIB)).toBe(false);
  leaveSecond();
  expect(crowding.refuses(64 * MIB)).toBe(false);
});
