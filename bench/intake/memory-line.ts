import { paced } from './paced.js';
import { makeBatch, SPANS_PER_BATCH } from './payload.js';
import { watch } from './process-stats.js';
import { createSender } from './sender.js';
import type { Server } from './servers.js';
import { thousands } from './table.js';

/** A load at a fixed pace, and what memory its server may take. */
export interface MemoryGoal {
  readonly what: string;
  readonly start: () => Promise<Server>;
  readonly spansPerSecond: number;
  readonly seconds: number;
  /** Memory of its own, or all that is resident: with what is mapped from files, which others may take back. */
  readonly of: 'RssAnon' | 'RSS';
  readonly goalMib: number;
}

export const MEMORY_HEAD = ['', 'measured', 'goal', ''];

const CONNECTIONS = 8;

/** The most memory of any moment under that load, as a row of a table. */
export async function memoryLine(goal: MemoryGoal): Promise<readonly string[]> {
  const { what, start, spansPerSecond, seconds, of, goalMib } = goal;
  const bodies = Array.from({ length: 16 }, (_, number) => makeBatch(number, 'protobuf'));
  const server = await start();
  const sender = createSender(server.target, 'protobuf', CONNECTIONS);
  try {
    const stop = watch(server.pid);
    const pace = { perSecond: spansPerSecond / SPANS_PER_BATCH, seconds };
    const { p99Ms } = await paced((number) => sender.send(bodies[number % bodies.length]!), pace);
    const { rssAnonMib, rssFileMib } = stop();
    const mib = of === 'RSS' ? rssAnonMib + rssFileMib : rssAnonMib;
    const beside = `RssAnon ${rssAnonMib} MiB, RssFile ${rssFileMib} MiB, p99 of acknowledgements ${Math.round(p99Ms)} ms`;
    const name = `${what}: most ${of} at ${thousands(spansPerSecond)} spans/s (${beside})`;
    return [name, `${mib} MiB`, `${goalMib} MiB`, mib <= goalMib ? 'held' : '**missed**'];
  } finally {
    sender.close();
    await server.stop();
  }
}
