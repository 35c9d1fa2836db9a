import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';

const POLL_MS = 50;

/** What tells how far the store is behind the bus. */
export interface WrittenDeps {
  readonly log: Pick<Log, 'endOffsets' | 'lag'>;
  readonly clock: Clock;
}

/** Resolves once the store holds every span that was on the bus at the call, or when the time is up, as without a writer. */
export async function untilWritten({ log, clock }: WrittenDeps, limitMs: number): Promise<void> {
  const untilMs = clock.nowMs() + limitMs;
  const wanted = await endOf(log);
  // The end is read before the lag: what comes between only makes the store look further behind.
  while ((await endOf(log)) - (await log.lag('spans', 'write')) < wanted && clock.nowMs() < untilMs)
    await clock.sleep(POLL_MS);
}

async function endOf(log: WrittenDeps['log']): Promise<number> {
  return [...(await log.endOffsets('spans')).values()].reduce((sum, offset) => sum + offset, 0);
}
