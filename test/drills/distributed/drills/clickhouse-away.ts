import { setTimeout as delay } from 'node:timers/promises';
import { inWorld } from '../conclude.js';
import type { Drill, DrillDeps } from '../drill.js';
import type { Member } from '../fleet.js';
import { medianMib } from '../memory.js';
import { claim } from '../oracle.js';
import type { World } from '../world.js';
import { answersOf } from './answers.js';

const AWAY_MS = { full: 600_000, short: 12_000 } as const;
const BEFORE_MS = { full: 20_000, short: 2_000 } as const;
const AFTER_MS = { full: 10_000, short: 1_000 } as const;
const LOOK_MS = 250;
const LIMIT_MS = 600_000;
/** Of the groups; fewer records are what comes in half a second. */
const CAUGHT_UP = 120;
/** What a process may have grown by between the second and the last quarter of the outage. */
const FLAT = { mib: 24, ratio: 1.15 } as const;

/** ClickHouse is killed and comes back much later: nothing is lost, nobody is refused, nothing piles up in memory. */
export const clickhouseAway: Drill = {
  name: 'clickhouse-away',
  title: 'ClickHouse away for ten minutes under load',
  run: (deps) => inWorld(deps, {}, (world) => work(world, deps)),
};

async function work(world: World, { form, say, spansPerSecond }: DrillDeps) {
  const { fleet, load, store, log } = world;
  load.start(spansPerSecond);
  await delay(BEFORE_MS[form]);
  const leftMs = Date.now();
  await store.stop('SIGKILL');
  const lagAt: number[] = [];
  for (let part = 0; part < 4; part += 1) {
    await delay(AWAY_MS[form] / 4);
    lagAt.push(await log.lag('spans', 'write'));
    say(`ClickHouse away for ${((Date.now() - leftMs) / 1_000).toFixed(0)} s, ${lagAt.at(-1) ?? 0} records wait`);
  }
  const backMs = Date.now();
  const meanwhile = load.answersBetween(leftMs, backMs);
  const [endBack, lagBack] = [await endOf(world), lagAt.at(-1) ?? 0];
  await store.start();
  const upMs = Date.now();
  const tookMs = await untilCaughtUp(world);
  const came = (await endOf(world)) - endBack;
  const [written, intake] = [(lagBack + came) / (tookMs / 1_000), came / (tookMs / 1_000)];
  say(
    `caught up ${(tookMs / 1_000).toFixed(1)} s after ClickHouse was back (${((upMs - backMs) / 1_000).toFixed(1)} s to start)`,
  );
  await delay(AFTER_MS[form]);
  load.pause();
  const notTaken = meanwhile.filter(({ status }) => status !== 'acknowledged');
  const grown = fleet.members.map((member) => growthOf(member, leftMs, backMs)).filter(({ isFlat }) => !isFlat);
  const told = fleet.members.map((member) => growthOf(member, leftMs, backMs).text);
  return {
    did: `the ClickHouse interface killed by SIGKILL and started again after ${((backMs - leftMs) / 1_000).toFixed(0)} s, under load throughout; ${lagBack} records of spans waited by then`,
    claims: [
      claim('OTLP is answered 200 all the while', notTaken.length, answersOf(meanwhile)),
      claim(
        'lag grows on Kafka meanwhile, as records do not move',
        lagAt.some((lag, at) => lag <= (lagAt[at - 1] ?? 0)) ? 1 : 0,
        `${lagAt.join(', ')} records at each quarter`,
      ),
      claim(
        `memory is flat meanwhile: no process grew by more than ${Math.round((FLAT.ratio - 1) * 100)} % and ${FLAT.mib} MiB from the second to the last quarter`,
        form === 'full' ? grown.length : 0,
        form === 'full' ? told.join(', ') : `too short to tell: ${told.join(', ')}`,
      ),
      claim(
        'catch-up is above twice the intake',
        written > 2 * intake ? 0 : 1,
        `${written.toFixed(0)} records/s written, ${intake.toFixed(0)} came in, for ${(tookMs / 1_000).toFixed(1)} s`,
      ),
    ],
  };
}

async function endOf({ log }: World): Promise<number> {
  return [...(await log.endOffsets('spans')).values()].reduce((total, end) => total + end, 0);
}

/** @returns in ms from now */
async function untilCaughtUp({ log }: World): Promise<number> {
  const startedMs = performance.now();
  for (;;) {
    const lag = await log.lag('spans', 'write');
    const tookMs = performance.now() - startedMs;
    if (lag < CAUGHT_UP) return tookMs;
    if (tookMs > LIMIT_MS)
      throw new Error(`expected the writers to catch up within ${LIMIT_MS} ms, ${lag} records wait`);
    await delay(LOOK_MS);
  }
}

interface Growth {
  readonly isFlat: boolean;
  readonly text: string;
}

function growthOf({ name, lives }: Member, fromMs: number, toMs: number): Growth {
  const samples = (lives.at(-1)?.memory ?? []).filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
  const [from, to] = [medianMib(samples, 0.25, 0.5), medianMib(samples, 0.75, 1)];
  return {
    isFlat: to <= from * FLAT.ratio + FLAT.mib,
    text: `${name} ${from.toFixed(0)} to ${to.toFixed(0)} MiB`,
  };
}
