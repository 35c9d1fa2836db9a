import { statfsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createDiskSpace } from './disk-space.js';

type Statfs = typeof statfsSync;

function rig(answers: readonly (object | Error)[]) {
  let nowMs = 0;
  let looks = 0;
  const statfs = (() => {
    const answer = answers[looks++];
    if (answer instanceof Error) throw answer;
    return answer;
  }) as unknown as Statfs;
  const clock = { nowMs: () => nowMs, sleep: () => Promise.resolve() };
  const disk = createDiskSpace('/data', { clock, statfs });
  return { disk, looks: () => looks, advance: (ms: number) => (nowMs += ms) };
}

it('looks once a second, and takes off what is written between', () => {
  const { disk, looks, advance } = rig([
    { bavail: 10, blocks: 20, bsize: 4_096 },
    { bavail: 7, blocks: 20, bsize: 4_096 },
  ]);
  expect(disk.freeBytes()).toBe(40_960);
  disk.willWrite(10_000);
  advance(999);
  expect(disk.freeBytes()).toBe(30_960);
  disk.willWrite(40_000);
  expect(disk.freeBytes()).toBe(0);
  expect(looks()).toBe(1);
  advance(1);
  expect(disk.freeBytes()).toBe(28_672);
});

it('looks again when the clock was set back', () => {
  const { disk, advance } = rig([
    { bavail: 1, blocks: 2, bsize: 512 },
    { bavail: 2, blocks: 2, bsize: 512 },
  ]);
  expect(disk.freeBytes()).toBe(512);
  advance(-3_600_000);
  expect(disk.freeBytes()).toBe(1_024);
});

it('takes a file system that does not say for one with room', () => {
  const { disk, advance } = rig([{ bavail: 0, blocks: 0, bsize: 4_096 }, new Error('ENOSYS')]);
  expect(disk.freeBytes()).toBe(Infinity);
  advance(1_000);
  expect(disk.freeBytes()).toBe(Infinity);
});
