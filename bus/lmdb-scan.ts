import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../core/clock.js';
import type { PollOptions, StoredRecord, Topic } from '../core/log.js';
import type { Logger } from '../core/logger.js';
import { BlockCursor } from './block-cursor.js';
import { noteSpoilt, type DeadLetter } from './dead-letters.js';
import type { BusInstruments } from './instruments.js';
import type { ReaderSource } from './lmdb-reader.js';

/** What is in memory at once. */
const AT_ONCE: PollOptions = { maxRecords: 1_000, maxBytes: 8 * 2 ** 20, waitMs: 0 };

export interface ScanDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly instruments: BusInstruments;
  /** @throws {PipelineError} BUS_CLOSED while the log is not open */
  readonly source: () => ReaderSource;
}

/** `ScannableLog.scan` of the lmdb log. Others have their turn between two batches. */
export async function* scanTopic(
  topic: Topic,
  signal: AbortSignal,
  deps: ScanDeps,
): AsyncGenerator<readonly StoredRecord[], void, undefined> {
  const spoilt: DeadLetter[] = [];
  const cursor = new BlockCursor(topic, 0, { clock: deps.clock, onDead: (letter) => spoilt.push(letter) });
  for (;;) {
    signal.throwIfAborted();
    const records = cursor.read(deps.source().tables, AT_ONCE);
    if (spoilt.length > 0) await noteSpoilt(spoilt.splice(0), { ...deps, ...deps.source() });
    if (records.length === 0) return;
    yield records;
    await nextTurn();
  }
}
