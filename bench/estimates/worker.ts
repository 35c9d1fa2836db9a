import { parentPort } from 'node:worker_threads';
import { simulateDay } from './day.js';
import { ROWS } from './rows.js';
import { addTallies, EMPTY_TALLY, type Tally } from './tally.js';

/** Some days of one row. */
export interface Chunk {
  readonly seed: number;
  /** Index into `ROWS`. */
  readonly row: number;
  readonly fromDay: number;
  readonly toDay: number;
}

export interface ChunkDone {
  readonly tally: Tally;
}

parentPort?.on('message', ({ seed, row, fromDay, toDay }: Chunk) => {
  let tally = EMPTY_TALLY;
  for (let day = fromDay; day < toDay; day += 1) tally = addTallies(tally, simulateDay(ROWS[row]!, [seed, row, day]));
  parentPort?.postMessage({ tally } satisfies ChunkDone);
});
