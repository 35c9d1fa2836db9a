import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Report } from '../../app/index.js';
import { runAssay } from '../helpers/assay-process.js';
import { until } from '../helpers/until.js';
import type { AgentLoad } from './agent-load.js';
import type { Fault } from './kill-schedule.js';
import { examine, type Claim } from './oracle.js';
import { readStore } from './store-content.js';
import { openWorld, type World } from './world.js';

/** What every drill is handed. */
export interface DrillOptions {
  readonly data: string;
  readonly seed: string;
  /** Told of progress, a line at a time. */
  readonly say: (line: string) => void;
  /** Ends the drill, and everything that it started. */
  readonly signal: AbortSignal;
}

export interface KillDrill {
  readonly claims: readonly Claim[];
  readonly runs: number;
  readonly answers: AgentLoad['answers'];
  readonly lives: readonly Life[];
}

/** From one start to the kill. */
export interface Life {
  readonly fault: Fault;
  /** Killed at the first chance, maybe while it takes up what the last one left; else once senders are served again. */
  readonly early: boolean;
  readonly tookMs: number;
  readonly acknowledged: number;
}

/** Sent at the start of each life, and then every so often, so that a kill never waits for work. */
const RUNS_PER_LIFE = 20;
const TRICKLE_RUNS = 10;
const TRICKLE_MS = 200;
/** Requests that a life acknowledges before its fault begins to count, but for the early ones. */
const ACKS_BEFORE_FAULT = 12;
/** Every so many lives, an early one. */
const EARLY_EVERY = 5;
const LIFE_LIMIT_MS = 90_000;
const SETTLE_LIMIT_MS = 600_000;

/** Kills Assay at each fault under load, lets the last one finish, and asks the oracle. */
export async function runKillDrill(options: DrillOptions & { readonly faults: readonly Fault[] }): Promise<KillDrill> {
  const { data, faults, seed, say, signal } = options;
  const world = await openWorld({ data, seed });
  const aborted = whenAborted(signal);
  const lives: Life[] = [];
  try {
    for (const [index, fault] of faults.entries()) {
      const early = index % EARLY_EVERY === EARLY_EVERY - 1;
      const life = await Promise.race([oneLife(world, fault, early), world.load.failed, aborted]);
      lives.push(life);
      const seconds = (life.tookMs / 1_000).toFixed(1);
      say(
        `kill ${index + 1} of ${faults.length}  ${fault}${early ? ', early,' : ''} after ${seconds} s  ${told(world)}`,
      );
    }
    const last = world.spawn();
    world.load.allow(RUNS_PER_LIFE);
    await Promise.race([settled(data, world, say), diedEarly(last), world.load.failed, aborted]);
    await last.stop();
    const { load } = world;
    const killsInFlight = faults.filter((fault) => fault.startsWith('judge-after-reserve')).length;
    const claims = [
      ...examine(await readStore(data), { ...world.witness(), killsInFlight }),
      {
        text: 'every request at the scripted model was one that the soak can read',
        holds: world.judge.unread() === 0,
        figures: `${world.judge.unread()} others`,
      },
    ];
    return { claims, runs: load.allowed(), answers: load.answers, lives };
  } finally {
    await world.close();
  }
}

async function oneLife(world: World, fault: Fault, early: boolean): Promise<Life> {
  const { load } = world;
  const startedMs = performance.now();
  const before = load.answers.acknowledged;
  const gate = join(tmpdir(), `assay-soak-gate-${process.pid}`);
  rmSync(gate, { force: true });
  const doomed = world.spawn({ ASSAY_FAULT: early ? fault : `${fault}:${gate}` });
  try {
    load.allow(RUNS_PER_LIFE);
    while (doomed.child.exitCode === null && doomed.child.signalCode === null) {
      await Promise.race([delay(TRICKLE_MS), doomed.ended]);
      if (load.answers.acknowledged - before >= ACKS_BEFORE_FAULT && !existsSync(gate)) writeFileSync(gate, '');
      if (load.allowed() - load.finished() < RUNS_PER_LIFE) load.allow(TRICKLE_RUNS);
      if (performance.now() - startedMs > LIFE_LIMIT_MS)
        throw new Error(`expected ${fault} to be reached within ${LIFE_LIMIT_MS} ms:\n${doomed.output()}`);
    }
  } finally {
    rmSync(gate, { force: true });
  }
  const { code, signal } = await doomed.ended;
  if (signal !== 'SIGKILL')
    throw new Error(`expected a death by SIGKILL at ${fault}, got ${String(signal ?? code)}:\n${doomed.output()}`);
  return { fault, early, tookMs: performance.now() - startedMs, acknowledged: load.answers.acknowledged - before };
}

/** Resolves when all that was sent is acknowledged and has an outcome. */
export async function settled(data: string, { load }: World, say: (line: string) => void): Promise<void> {
  const allowed = load.allowed();
  await until(
    async () => load.finished(),
    (finished) => finished === allowed,
    SETTLE_LIMIT_MS,
  );
  say(`all ${allowed} runs are acknowledged; waiting for their outcomes`);
  const ask = async (): Promise<Report['coverage'] | undefined> => {
    const { code, stdout } = await runAssay(['report', '--data', data, '--json']);
    return code === 0 ? (JSON.parse(stdout) as Report).coverage : undefined;
  };
  await until(
    ask,
    (coverage) => coverage?.received === allowed && coverage.open === 0 && coverage.pending === 0,
    SETTLE_LIMIT_MS,
  );
}

async function diedEarly({ ended, output }: ReturnType<World['spawn']>): Promise<never> {
  const { code, signal } = await ended;
  throw new Error(`expected the last Assay to run on, it ended with ${String(signal ?? code)}:\n${output()}`);
}

export function whenAborted(signal: AbortSignal): Promise<never> {
  const aborted = new Promise<never>((_, reject) => {
    const abort = (): void => {
      reject(new Error('interrupted'));
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  aborted.catch(() => undefined);
  return aborted;
}

function told({ load, judge }: World): string {
  const { acknowledged, refused, unknown } = load.answers;
  return `${load.finished()} of ${load.allowed()} runs acknowledged, ${acknowledged} acks, ${refused} refused, ${unknown} unanswered, ${judge.server.requests()} judge calls`;
}
