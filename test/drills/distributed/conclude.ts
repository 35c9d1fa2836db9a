import { setTimeout as delay } from 'node:timers/promises';
import type { Claim } from '../../soak/oracle.js';
import type { DrillDeps, DrillResult } from './drill.js';
import { claim, examineWorld } from './oracle.js';
import { lags, openWorld, type World, type WorldOptions } from './world.js';

const LOOK_MS = 500;
const SAY_EVERY_MS = 15_000;
/** Longest that everything may take to come to its end once nothing is sent any more. */
const SETTLE_MS = { full: 300_000, short: 90_000 } as const;

/** What a drill itself has to say, beside what must hold after every drill. */
export interface Told {
  readonly did: string;
  readonly claims: readonly Claim[];
}

/** Opens a world, lets the drill do its work in it, waits until all of it came to its end, and asks the oracle. */
export async function inWorld(
  deps: DrillDeps,
  options: WorldOptions,
  work: (world: World) => Promise<Told>,
): Promise<DrillResult> {
  const world = await openWorld(deps, options);
  try {
    const aborted = whenAborted(deps.signal);
    const told = await Promise.race([work(world), aborted]);
    const isTaken = await Promise.race([world.load.drain(SETTLE_MS[deps.form]), aborted]);
    const settled = await settle(world);
    deps.say(`${settled.figures}; asking the oracle`);
    const { claims, ...findings } = await examineWorld(world, () => world.fleet.stop());
    return {
      ...findings,
      did: told.did,
      claims: [
        ...told.claims,
        claim('every request was acknowledged in the end', isTaken ? 0 : 1, `${world.load.sent.length} requests`),
        settled,
        ...claims,
      ],
    };
  } finally {
    await world.close();
  }
}

/** Waits until no group has records left and no trace is open or pending. */
export async function settle(world: World): Promise<Claim> {
  const limitMs = SETTLE_MS[world.deps.form];
  const startedMs = performance.now();
  let saidMs = 0;
  for (;;) {
    world.deps.signal.throwIfAborted();
    const left = await whatIsLeft(world);
    const tookMs = performance.now() - startedMs;
    const isOver = left === '';
    if (!isOver && tookMs - saidMs > SAY_EVERY_MS) {
      saidMs = tookMs;
      world.deps.say(`after ${(tookMs / 1_000).toFixed(0)} s there is left: ${left}`);
    }
    if (isOver || tookMs > limitMs)
      return {
        text: `everything that was sent comes to its end within ${limitMs / 1_000} s of the last request`,
        holds: isOver,
        figures: isOver ? `${(tookMs / 1_000).toFixed(1)} s` : left,
      };
    await delay(LOOK_MS);
  }
}

async function whatIsLeft(world: World): Promise<string> {
  const lagging = Object.entries(await lags(world)).map(([name, records]) => `${name} ${records}`);
  if (lagging.length > 0) return lagging.join(', ');
  const [row] = await world.store.rows<{ open: number; pending: number }>(
    'SELECT (SELECT count() FROM assay_open_traces) AS open, (SELECT count() FROM assay_results WHERE unanswered_yet) AS pending',
  );
  return row === undefined || row.open + row.pending === 0 ? '' : `${row.open} open, ${row.pending} pending`;
}

function whenAborted(signal: AbortSignal): Promise<never> {
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
