import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { AssayProcess } from '../helpers/assay-process.js';
import { mountSmallDisk, type SmallDisk } from '../helpers/small-disk.js';
import { until } from '../helpers/until.js';
import { settled, whenAborted, type DrillOptions } from './kill-drill.js';
import { examine, type Claim } from './oracle.js';
import { readStore } from './store-content.js';
import { openWorld, type World } from './world.js';

export interface DiskDrill {
  readonly claims: readonly Claim[];
  readonly runs: number;
  readonly answers: World['load']['answers'];
  readonly fills: readonly Fill[];
}

/** Once that the disk was filled up and got room again. */
export interface Fill {
  /** `bound`: to below bus.minFreeBytes; `last byte`: nothing was left. */
  readonly to: 'bound' | 'last byte';
  /** When kill -9 came, if it did. */
  readonly killed: 'never' | 'while full' | 'with room again';
  /** How long the disk was full. */
  readonly fullMs: number;
  /** Starts that ended by themselves for want of room. */
  readonly failedStarts: number;
  readonly acknowledgedWhileFull: number;
}

const MIB = 2 ** 20;
export const DISK_MIB = 768;
export const MIN_FREE_MIB = 64;
const ACKS_FIRST = 12;
const RUNS_AHEAD = 20;
const FEED_MS = 100;
/** How long nothing may have been acknowledged for senders to be held off. */
const HELD_OFF_MS = 1_500;
const FULL_MS = 2_500;
const RESTART_MS = 200;
const LIMIT_MS = 120_000;
const KILLS = ['never', 'while full', 'with room again'] as const;

/** @returns undefined where this user may not mount a file system */
export async function runDiskDrill(
  options: Omit<DrillOptions, 'data'> & { readonly fills: number },
): Promise<DiskDrill | undefined> {
  const disk = mountSmallDisk(DISK_MIB);
  if (disk === undefined) return undefined;
  try {
    return await runOn(disk, options);
  } finally {
    disk.release();
  }
}

async function runOn(
  disk: SmallDisk,
  { fills, seed, say, signal }: Omit<DrillOptions, 'data'> & { readonly fills: number },
): Promise<DiskDrill> {
  const data = join(disk.directory, 'data');
  const settings = [`bus.minFreeBytes=${MIN_FREE_MIB * MIB}`, 'store.flushMs=300'];
  const world = await openWorld({ data, seed, settings });
  const aborted = whenAborted(signal);
  const feeder = feed(world);
  const life = new Life(world);
  const done: Fill[] = [];
  try {
    for (let index = 0; index < fills; index += 1) {
      const plan = { to: index % 2 === 0 ? ('last byte' as const) : ('bound' as const), killed: KILLS[index % 3]! };
      const fill = await Promise.race([oneFill({ disk, life, world }, plan), world.load.failed, aborted]);
      done.push(fill);
      const { load } = world;
      say(
        `fill ${index + 1} of ${fills}  to ${fill.to}, killed ${fill.killed}, ${fill.failedStarts} failed starts  ${load.finished()} of ${load.allowed()} runs acknowledged, ${load.answers.refused} refused`,
      );
    }
    feeder.stop();
    await Promise.race([settled(data, world, say), world.load.failed, aborted]);
    await life.stop();
    const { load } = world;
    return {
      claims: examine(await readStore(data), world.witness()),
      runs: load.allowed(),
      answers: load.answers,
      fills: done,
    };
  } finally {
    feeder.stop();
    life.end();
    await world.close();
  }
}

/** Keeps a few runs ahead of the senders, so that they never idle. */
function feed({ load }: World): { stop(): void } {
  const timer = setInterval(() => {
    if (load.allowed() - load.finished() < RUNS_AHEAD) load.allow(RUNS_AHEAD);
  }, FEED_MS);
  return {
    stop: () => {
      clearInterval(timer);
    },
  };
}

/** An Assay that is started again when it has ended, as a supervisor does. */
class Life {
  #current: AssayProcess;
  #failedStarts = 0;
  readonly #over = new AbortController();

  constructor(private readonly world: World) {
    this.#current = this.#spawn();
  }

  get failedStarts(): number {
    return this.#failedStarts;
  }

  #spawn(): AssayProcess {
    const started = this.world.spawn();
    void started.ended.then(async ({ signal }) => {
      if (this.#isOver() || started !== this.#current) return;
      if (signal !== 'SIGKILL') this.#failedStarts += 1;
      await delay(RESTART_MS);
      if (!this.#isOver()) this.#current = this.#spawn();
    });
    return started;
  }

  #isOver(): boolean {
    return this.#over.signal.aborted;
  }

  async kill(): Promise<void> {
    const doomed = this.#current;
    doomed.child.kill('SIGKILL');
    await doomed.ended;
  }

  /** Starts no other. */
  end(): void {
    this.#over.abort();
  }

  async stop(): Promise<void> {
    this.end();
    await this.#current.stop();
  }
}

interface FillDeps {
  readonly disk: SmallDisk;
  readonly life: Life;
  readonly world: World;
}

async function oneFill({ disk, life, world }: FillDeps, plan: Pick<Fill, 'to' | 'killed'>): Promise<Fill> {
  const { answers } = world.load;
  const acks = async (): Promise<number> => answers.acknowledged;
  const goal = answers.acknowledged + ACKS_FIRST;
  await until(acks, (count) => count >= goal, LIMIT_MS);
  const filler = join(disk.directory, 'filler');
  const startedMs = performance.now();
  const [acknowledged, failedStarts] = [answers.acknowledged, life.failedStarts];
  fillUpTo(filler, plan.to === 'bound' ? (MIN_FREE_MIB * MIB) / 2 : 0);
  await heldOff(world, filler, plan.to);
  if (plan.killed === 'while full') await life.kill();
  await delay(FULL_MS);
  const acknowledgedWhileFull = answers.acknowledged - acknowledged;
  rmSync(filler);
  const fullMs = performance.now() - startedMs;
  if (plan.killed === 'with room again') await life.kill();
  const next = answers.acknowledged + ACKS_FIRST;
  await until(acks, (count) => count >= next, LIMIT_MS);
  return { ...plan, fullMs, failedStarts: life.failedStarts - failedStarts, acknowledgedWhileFull };
}

/** Resolves when senders were refused, and nothing was acknowledged for a while; fills up what is freed meanwhile. */
async function heldOff({ load }: World, filler: string, to: Fill['to']): Promise<void> {
  const { refused } = load.answers;
  let last = { acknowledged: -1, atMs: 0 };
  await until(
    async () => {
      if (to === 'last byte') fillUpTo(filler, 0);
      if (load.answers.acknowledged !== last.acknowledged)
        last = { acknowledged: load.answers.acknowledged, atMs: performance.now() };
      return { refused: load.answers.refused - refused, quietMs: performance.now() - last.atMs };
    },
    (now) => now.refused > 0 && now.quietMs > HELD_OFF_MS,
    LIMIT_MS,
  );
}

/** Writes until this much is left at most. */
function fillUpTo(filler: string, leftBytes: number): void {
  const file = openSync(filler, 'a');
  try {
    for (let free = freeBytes(filler); free > leftBytes; free = freeBytes(filler)) {
      writeSync(file, Buffer.alloc(Math.max(4_096, Math.min(MIB, free - leftBytes))));
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(file);
  }
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}
