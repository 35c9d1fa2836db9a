import type { Clock } from '../core/clock.js';
import { PipelineError } from '../core/errors.js';
import type { LogReader, PollOptions, StoredRecord, Topic } from '../core/log.js';
import type { Logger } from '../core/logger.js';
import { BlockCursor } from './block-cursor.js';
import { noteSpoilt, type DeadLetter, type DeadLetters } from './dead-letters.js';
import type { Environment } from './environment.js';
import type { BusInstruments } from './instruments.js';
import { PARTITION, type Tables } from './tables.js';

/** What a reader works with while the log is open. */
export interface ReaderSource {
  readonly environment: Environment;
  readonly tables: Tables;
  readonly deadLetters: DeadLetters;
}

/**
 * A reader that got no record for so long waits to be woken, which every thread of its process does, and looks for what
 * other processes append now and then. Looks are what an idle bus costs.
 */
const BUSY_MS = 1_000;
const IDLE_FACTOR = 50;

/**
 * Who commits has mostly appended something just before, and does so again: a flush of its own for each commit would double what the
 * disk does, and what those who append wait for.
 */
const COMMIT_PATIENCE_MS = 10;

export interface ReaderOptions {
  readonly topic: Topic;
  readonly group: string;
  readonly pollIntervalMs: number;
}

export interface ReaderDeps {
  readonly logger: Logger;
  readonly instruments: BusInstruments;
  /** @throws {PipelineError} BUS_CLOSED while the log is not open */
  readonly source: () => ReaderSource;
  readonly clock: Clock;
  readonly onClosed: (reader: LmdbReader) => void;
}

/** The one partition, from the first day on: of a group there is one member. */
const ALL_OF_IT: ReadonlyMap<number, number> = new Map([[PARTITION, 1]]);

/** One member of a group, reading the lmdb log. */
export class LmdbReader implements LogReader {
  readonly #options: ReaderOptions;
  readonly #deps: ReaderDeps;
  readonly #closed = new AbortController();
  #cursor: Promise<BlockCursor> | undefined;
  #soughtOffset: number | undefined;
  #paused = false;
  /** When it last was at work on a record, or was first asked for one. */
  #busyAtMs: number | undefined;
  #gaveRecords = false;
  #sleeper: AbortController | undefined;
  /** Found and not written down yet. */
  readonly #dead: DeadLetter[] = [];

  constructor(options: ReaderOptions, deps: ReaderDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  get topic(): Topic {
    return this.#options.topic;
  }

  /** Makes the group known to the topic: from then on nothing is removed that the group has not committed. */
  async join(): Promise<BlockCursor> {
    this.#cursor ??= this.#openCursor().catch((error: unknown) => {
      this.#cursor = undefined;
      throw error;
    });
    return this.#cursor;
  }

  /** Ends the wait of a poll, which then looks again. */
  readonly wake = (): void => {
    this.#sleeper?.abort();
  };

  async poll(options: PollOptions, signal: AbortSignal): Promise<readonly StoredRecord[]> {
    if (this.#isClosed()) {
      const { topic, group } = this.#options;
      throw new PipelineError(
        'BUS_CLOSED',
        `expected the reader of ${topic} for ${group} to be open, but it was closed`,
      );
    }
    const cursor = await this.join();
    // Whoever took long over the last ones has not been idle.
    if (this.#gaveRecords) this.#busyAtMs = undefined;
    let remainingMs = options.waitMs;
    for (;;) {
      if (signal.aborted || this.#isClosed()) return [];
      const records = this.#paused ? [] : this.#read(cursor, options);
      if (this.#dead.length > 0) await noteSpoilt(this.#dead.splice(0), { ...this.#deps, ...this.#deps.source() });
      const intervalMs = this.#intervalMs();
      this.#gaveRecords = records.length > 0;
      if (records.length > 0 || remainingMs <= 0) return records;
      remainingMs -= await this.#wait(Math.min(intervalMs, remainingMs), signal);
    }
  }

  async commit(partition: number, nextOffset: number): Promise<void> {
    requireOffset(partition, nextOffset);
    const { topic, group } = this.#options;
    const { environment, tables } = this.#deps.source();
    await environment.write({
      patienceMs: COMMIT_PATIENCE_MS,
      apply() {
        // Nobody will ever be given what was erased, so nobody could commit it.
        const next = tables.skipGaps(topic, nextOffset);
        if (next > (tables.committed(topic, group) ?? -1)) tables.putCommitted(topic, group, next);
      },
    });
  }

  async committed(): Promise<ReadonlyMap<number, number>> {
    const { tables } = this.#deps.source();
    tables.refresh();
    return new Map([[PARTITION, tables.committed(this.#options.topic, this.#options.group) ?? 0]]);
  }

  assigned(): ReadonlyMap<number, number> {
    return ALL_OF_IT;
  }

  seek(partition: number, offset: number): void {
    requireOffset(partition, offset);
    this.#soughtOffset = offset;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.wake();
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.wake();
    this.#deps.onClosed(this);
  }

  #isClosed(): boolean {
    return this.#closed.signal.aborted;
  }

  #read(cursor: BlockCursor, options: PollOptions): readonly StoredRecord[] {
    if (this.#soughtOffset !== undefined) cursor.seek(this.#soughtOffset);
    this.#soughtOffset = undefined;
    return cursor.read(this.#deps.source().tables, options);
  }

  #intervalMs(): number {
    const nowMs = this.#deps.clock.nowMs();
    this.#busyAtMs ??= nowMs;
    const { pollIntervalMs } = this.#options;
    return nowMs - this.#busyAtMs < BUSY_MS ? pollIntervalMs : IDLE_FACTOR * pollIntervalMs;
  }

  async #openCursor(): Promise<BlockCursor> {
    const { topic, group } = this.#options;
    const { environment, tables } = this.#deps.source();
    const committed = await environment.write({
      apply() {
        const before = tables.committed(topic, group);
        const first = before ?? tables.skipGaps(topic, 0);
        if (before === undefined) tables.putCommitted(topic, group, first);
        return first;
      },
    });
    const onDead = (letter: DeadLetter): void => {
      this.#dead.push(letter);
    };
    return new BlockCursor(topic, committed, { clock: this.#deps.clock, onDead });
  }

  /** How long it waited: until woken, or `ms` at least, also on a clock that stands still. */
  async #wait(ms: number, signal: AbortSignal): Promise<number> {
    const startedMs = this.#deps.clock.nowMs();
    const sleeper = new AbortController();
    this.#sleeper = sleeper;
    signal.addEventListener('abort', this.wake);
    await this.#deps.clock.sleep(ms, sleeper.signal);
    signal.removeEventListener('abort', this.wake);
    const elapsedMs = this.#deps.clock.nowMs() - startedMs;
    return sleeper.signal.aborted ? elapsedMs : Math.max(elapsedMs, ms);
  }
}

function requireOffset(partition: number, offset: number): void {
  if (partition !== PARTITION) throw new RangeError(`expected partition ${PARTITION}, got ${partition}`);
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw new RangeError(`expected an offset that is an integer of at least 0, got ${offset}`);
  }
}
