import { closeSync, openSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { mountSmallDisk, type SmallDisk } from '../../../helpers/small-disk.js';
import { until } from '../../../helpers/until.js';
import { inWorld } from '../conclude.js';
import type { Drill, DrillDeps, DrillResult } from '../drill.js';
import { claim } from '../oracle.js';
import type { World } from '../world.js';
import { answersOf, readinessOf } from './answers.js';

const MIB = 2 ** 20;
const DISK_MIB = 128;
const MIN_FREE_MIB = 16;
/** What the spool has until it must not take more. */
const ROOM_MIB = { full: 5, short: 1 } as const;
const FULL_MS = { full: 30_000, short: 4_000 } as const;
const RECOVERY_MS = 30_000;
const LIMIT_MS = 240_000;

/** Kafka is away for so long that the disks of the receivers fill up: they say so before they are full. */
export const spoolFull: Drill = {
  name: 'spool-full',
  title: 'disk full on the spool while Kafka is away',
  async run(deps) {
    const disks: SmallDisk[] = [];
    try {
      for (let at = 0; at < deps.counts.receive; at += 1) {
        const disk = mountSmallDisk(DISK_MIB);
        if (disk === undefined) throw new Error('expected to be allowed to mount a small file system for this drill');
        disks.push(disk);
      }
      return await onDisks(disks, deps);
    } finally {
      for (const disk of disks) disk.release();
    }
  },
};

function onDisks(disks: readonly SmallDisk[], deps: DrillDeps): Promise<DrillResult> {
  const receiverData = (index: number): string => join(disks[index - 1]!.directory, 'data');
  const settings = [`bus.minFreeBytes=${MIN_FREE_MIB * MIB}`];
  return inWorld(deps, { settings, receiverData }, (world) => work(world, disks));
}

async function work(world: World, disks: readonly SmallDisk[]) {
  const { deps, fleet, load } = world;
  const { broker, form, say, spansPerSecond } = deps;
  const watch = watchFree(disks);
  try {
    load.start(spansPerSecond);
    await delay(3_000);
    for (const disk of disks) fillUpTo(disk, (MIN_FREE_MIB + ROOM_MIB[form]) * MIB);
    const pids = fleet.members.map(({ pid }) => pid);
    const leftMs = Date.now();
    await broker.stop();
    const full = await until(
      () => Promise.all(fleet.of('receive').map(readinessOf)),
      (answers) => answers.every((answer) => answer.startsWith('503')),
      LIMIT_MS,
    );
    const fullMs = Date.now();
    say(`spools full after ${((fullMs - leftMs) / 1_000).toFixed(0)} s: ${full[0] ?? ''}`);
    await delay(FULL_MS[form]);
    const whileFull = load.answersBetween(fullMs + 1_000, Date.now());
    const before = load.answersBetween(leftMs, fullMs - 1_000);
    await broker.start();
    const backMs = Date.now();
    await until(
      () => Promise.all(fleet.of('receive').map(readinessOf)),
      (answers) => answers.every((answer) => answer === '200 ready'),
      LIMIT_MS,
    );
    const straightMs = Date.now() - backMs;
    say(`receivers write straight to Kafka again after ${straightMs} ms`);
    await delay(3_000);
    load.pause();
    const leastMib = Math.floor(watch.least() / MIB);
    const notRefused = whileFull.filter(({ code }) => code !== '503' && code !== 'UNAVAILABLE');
    return {
      did: `each receiver on a disk of its own of ${DISK_MIB} MiB with ${ROOM_MIB[form]} MiB of room above bus.minFreeBytes = ${MIN_FREE_MIB} MiB; the broker stopped, the spools full after ${((fullMs - leftMs) / 1_000).toFixed(0)} s and for ${((backMs - fullMs) / 1_000).toFixed(0)} s`,
      claims: [
        claim(
          'while the spools have room every request is answered 200',
          before.filter(({ status, code }) => status !== 'acknowledged' && code !== '503' && code !== 'UNAVAILABLE')
            .length + (before.some(({ status }) => status === 'acknowledged') ? 0 : 1),
          answersOf(before),
        ),
        claim(
          'once they are full requests are answered 503 or UNAVAILABLE, readiness too, before the disk is full',
          notRefused.length +
            (whileFull.length === 0 ? 1 : 0) +
            (leastMib < MIN_FREE_MIB / 2 ? 1 : 0) +
            full.filter((answer) => !answer.includes('bus.minFreeBytes')).length,
          `${answersOf(whileFull)}; at least ${leastMib} MiB stayed free`,
        ),
        claim(
          `they take spans again, straight to Kafka, within ${RECOVERY_MS / 1_000} s of its return`,
          straightMs > RECOVERY_MS ? 1 : 0,
          `${(straightMs / 1_000).toFixed(1)} s`,
        ),
        claim(
          'no process was restarted',
          fleet.members.filter(({ pid }, at) => pid !== pids[at]).length,
          `${fleet.members.length} processes`,
        ),
      ],
    };
  } finally {
    watch.stop();
  }
}

function freeBytes({ directory }: SmallDisk): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

function watchFree(disks: readonly SmallDisk[]): { least(): number; stop(): void } {
  let least = Infinity;
  const timer = setInterval(() => {
    least = Math.min(least, ...disks.map(freeBytes));
  }, 100);
  return {
    least: () => least,
    stop: () => {
      clearInterval(timer);
    },
  };
}

/** Writes until this much is left at most. */
function fillUpTo(disk: SmallDisk, leftBytes: number): void {
  const file = openSync(join(disk.directory, 'filler'), 'a');
  try {
    for (let free = freeBytes(disk); free > leftBytes; free = freeBytes(disk))
      writeSync(file, Buffer.alloc(Math.max(4_096, Math.min(MIB, free - leftBytes))));
  } finally {
    closeSync(file);
  }
}
