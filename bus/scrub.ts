import type { Database } from 'lmdb';
import type { Clock } from '../core/clock.js';
import type { Environment } from './environment.js';

/** A value of this size takes a page of its own, wherever one is free. */
const FILLER = Buffer.alloc(4_000);
/** Fillers in one transaction, so that an append never waits long for the write lock. */
const BATCH = 512;
/** Longest wait for readers of an older state of the file to let go of it. */
const READERS_WAIT_MS = 5_000;
const POLL_MS = 10;

interface FileStats {
  readonly lastPageNumber: number;
  readonly lastTxnId: number;
}

/**
 * Overwrites what was deleted. lmdb frees the pages of a value and leaves their bytes in the file until they are used
 * again; here every free page is used once, for zeros, and freed again. The cost is that of writing all free pages.
 *
 * Pages that a reader of an older state still needs are not free yet. Readers hold a state for one turn of their event
 * loop; they are waited for, 5 s at most, and what is still held then stays in the file until its pages are used again.
 */
export async function scrubFreePages(environment: Environment, clock: Clock): Promise<void> {
  const fillers = environment.root.openDB<Buffer, number>('fillers', { encoding: 'binary' });
  // What a transaction frees is not used by the next one, only by the one after.
  for (let turn = 0; turn < 2; turn += 1)
    await environment.write({
      apply() {
        fillers.putSync(0, FILLER);
      },
    });
  await readersHaveMovedOn(environment, clock);
  let count = 1;
  try {
    while (!(await fill(environment, fillers, count))) count += BATCH;
  } finally {
    await empty(environment, fillers);
  }
}

/** @returns true when there were not enough free pages, so that the file grew instead */
async function fill(environment: Environment, fillers: Database<Buffer, number>, from: number): Promise<boolean> {
  const before = statsOf(environment);
  await environment.write({
    bytes: () => 2 * BATCH * FILLER.length,
    apply() {
      for (let key = from; key < from + BATCH; key += 1) fillers.putSync(key, FILLER);
    },
  });
  return statsOf(environment).lastPageNumber - before.lastPageNumber > BATCH / 2;
}

/** Also of what a scrub left that was killed. */
async function empty(environment: Environment, fillers: Database<Buffer, number>): Promise<void> {
  let removed: number;
  do {
    removed = await environment.write({
      apply() {
        const keys = [...fillers.getKeys({ limit: BATCH })];
        for (const key of keys) fillers.removeSync(key);
        return keys.length;
      },
    });
  } while (removed > 0);
}

async function readersHaveMovedOn(environment: Environment, clock: Clock): Promise<void> {
  const { lastTxnId } = statsOf(environment);
  const deadlineMs = clock.nowMs() + READERS_WAIT_MS;
  while (oldestRead(environment) < lastTxnId && clock.nowMs() < deadlineMs) await clock.sleep(POLL_MS);
}

/** The oldest state of the file that is being read, as a transaction number; Infinity when none is. */
function oldestRead(environment: Environment): number {
  environment.root.resetReadTxn();
  const lines = environment.root.readerList().split('\n').slice(1);
  // A line is: process, thread, transaction; a dash for a reader that reads nothing at the moment.
  const reading = lines.map((line) => Number(line.trim().split(/\s+/)[2])).filter((txn) => Number.isInteger(txn));
  return Math.min(...reading);
}

function statsOf({ root }: Environment): FileStats {
  root.resetReadTxn();
  const stats = root.getStats() as FileStats;
  root.resetReadTxn();
  return stats;
}
