import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../../helpers/until.js';
import { inWorld } from '../conclude.js';
import type { Drill, DrillDeps } from '../drill.js';
import { claim } from '../oracle.js';
import { lags, type World } from '../world.js';
import { answersOf, readinessOf } from './answers.js';

const AWAY_MS = { full: 60_000, short: 10_000 } as const;
const BEFORE_MS = 3_000;
/** What a killed broker has to look through at its start takes a while. */
const HOW = { full: 'KILL', short: 'TERM' } as const;
const AFTER_MS = { full: 15_000, short: 3_000 } as const;
const RECOVERY_MS = 30_000;
const LIMIT_MS = 120_000;

/** The broker is killed and comes back; every process that runs is the one that ran before. */
export const brokerAway: Drill = {
  name: 'broker-away',
  title: 'broker away for 60 s',
  run: (deps) => inWorld(deps, {}, (world) => work(world, deps)),
};

async function work(world: World, { broker, form, say, spansPerSecond }: DrillDeps) {
  const { fleet, load } = world;
  load.start(spansPerSecond);
  await delay(BEFORE_MS);
  const pids = fleet.members.map(({ pid }) => pid);
  const leftMs = Date.now();
  await broker.stop(HOW[form]);
  await delay(AWAY_MS[form]);
  const whileAway = await Promise.all(fleet.of('receive').map(readinessOf));
  await broker.start();
  const backMs = Date.now();
  say(`the broker is back after ${((backMs - leftMs) / 1_000).toFixed(0)} s; receivers said: ${whileAway[0] ?? ''}`);
  await until(
    () => Promise.all(fleet.of('receive').map(readinessOf)),
    (answers) => answers.every((answer) => answer === '200 ready'),
    LIMIT_MS,
  );
  const straightMs = Date.now() - backMs;
  // A sampler commits behind its open traces, which are some seconds of load.
  const left = await until(
    () => lags(world),
    (found) => Object.values(found).every((lag) => lag < spansPerSecond),
    LIMIT_MS,
  ).then(() => '', String);
  const caughtUpMs = Date.now() - backMs;
  say(`spools empty after ${straightMs} ms, all groups caught up after ${caughtUpMs} ms`);
  await delay(AFTER_MS[form]);
  load.pause();
  const meanwhile = load.answersBetween(leftMs, backMs);
  const after = load.answersBetween(backMs + RECOVERY_MS, Infinity);
  const restarted = fleet.members.filter(({ pid }, at) => pid !== pids[at]);
  const notTaken = meanwhile.filter(({ status }) => status !== 'acknowledged');
  return {
    did: `the only broker ended by SIG${HOW[form]} and started again after ${((backMs - leftMs) / 1_000).toFixed(0)} s, under load; no process of Assay is touched`,
    claims: [
      claim(
        'while the broker is away receivers spool: every request is answered 200, readiness stays 200 and says so',
        notTaken.length +
          whileAway.filter((answer) => !answer.startsWith('200 ready: what is received is kept')).length,
        `${answersOf(meanwhile)} in ${((backMs - leftMs) / 1_000).toFixed(0)} s`,
      ),
      claim(
        `receivers write straight to Kafka again within ${RECOVERY_MS / 1_000} s of its return, and refuse nothing after`,
        (straightMs > RECOVERY_MS ? 1 : 0) + after.filter(({ status }) => status !== 'acknowledged').length,
        `${(straightMs / 1_000).toFixed(1)} s`,
      ),
      claim(
        `every group catches up within ${LIMIT_MS / 1_000} s of its return, under load`,
        left === '' ? 0 : 1,
        left === '' ? `${(caughtUpMs / 1_000).toFixed(1)} s` : left,
      ),
      claim(
        'no process was restarted: all have the process id that they had before',
        restarted.length,
        [`${fleet.members.length} processes`, ...restarted.map(({ name }) => name)].join('; '),
      ),
    ],
  };
}
