import { readLetter, readReplayMark, type DeadRecord } from '../../core/dead-letter.js';
import { PipelineError } from '../../core/errors.js';
import type { StoredRecord } from '../../core/log.js';
import type { Bus } from '../open-bus.js';

/** Longest wait for a next batch of letters. */
const WAIT_MS = 60_000;

/** What lies among the dead letters. */
export type Found =
  | { readonly kind: 'letter'; readonly letter: DeadRecord }
  /** The record of this id was appended to its topic again. */
  | { readonly kind: 'replayed'; readonly id: string; readonly atMs: number }
  | { readonly kind: 'unreadable' };

/**
 * Everything in the topic, oldest first. A record may have several letters.
 * @throws {PipelineError} BUS_UNAVAILABLE
 */
export async function* scanLetters(log: Pick<Bus, 'scan'>): AsyncGenerator<Found, void, undefined> {
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort(
      new PipelineError(
        'BUS_UNAVAILABLE',
        `expected the bus to give the dead letters, but nothing came for ${WAIT_MS / 1_000} s; look at it, and try again`,
      ),
    );
  }, WAIT_MS);
  try {
    for await (const records of log.scan('dead-letters', late.signal)) {
      timer.refresh();
      for (const record of records) yield toFound(record);
    }
  } finally {
    clearTimeout(timer);
  }
}

function toFound(record: StoredRecord): Found {
  const id = readReplayMark(record);
  if (id !== undefined) return { kind: 'replayed', id, atMs: record.acceptedAtMs };
  const letter = readLetter(record);
  return letter === undefined ? { kind: 'unreadable' } : { kind: 'letter', letter };
}
