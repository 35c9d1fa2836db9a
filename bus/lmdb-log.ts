import { join } from 'node:path';
import type { Clock } from '../core/clock.js';
import { PipelineError } from '../core/errors.js';
import {
  readersOf,
  type LogReader,
  type LogRecord,
  type RecordPlace,
  type ScannableLog,
  type StoredRecord,
  type Topic,
} from '../core/log.js';
import type { Logger } from '../core/logger.js';
import type { Metrics } from '../core/metrics.js';
import { createAppender, type Appender } from './appender.js';
import { createCapacity, type Capacity, type Refusal } from './capacity.js';
import type { BusConfig } from './config.js';
import { openDeadLetters } from './dead-letters.js';
import { createDiskSpace, type DiskSpace } from './disk-space.js';
import { createDoorbell, type Doorbell } from './doorbell.js';
import { openEnvironment } from './environment.js';
import { eraseKeys } from './erase.js';
import { busInstruments, type BusInstruments } from './instruments.js';
import { lagOf, readState, type BusState } from './inspect.js';
import { LmdbReader, type ReaderSource } from './lmdb-reader.js';
import { scanTopic } from './lmdb-scan.js';
import { renameGroups } from './renamed-groups.js';
import { sweepUntil, type RetentionOptions } from './retention.js';
import { PARTITION, openTables } from './tables.js';

/** Where the log lies, and its settings. */
export interface BusOptions extends Omit<BusConfig, 'retention'>, Pick<RetentionOptions, 'retention'> {
  /** Made when it is not there. All threads of a process give the same one. */
  readonly directory: string;
}

export interface BusDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** A log that knows of the disk that it lies on. */
export interface EmbeddedLog extends ScannableLog {
  /** Why no spans are taken at the moment, or not so many bytes of them, as one sentence; undefined when they are. */
  refusal(bytes?: number): string | undefined;
  /** What lies on it, as numbers. */
  state(): BusState;
}

/**
 * The embedded bus: one lmdb file, opened by every thread that needs it, each with a log of its own.
 *
 * A record's `value` shares memory with its neighbours in the batch (256 KiB, or its own size when that is more): who
 * keeps a small part of a batch for long copies it.
 */
export function createLmdbLog(options: BusOptions, deps: BusDeps): EmbeddedLog {
  return new LmdbLog(options, deps);
}

interface OpenLog extends ReaderSource {
  readonly appender: Appender;
  readonly doorbell: Doorbell;
}

class LmdbLog implements EmbeddedLog {
  readonly #options: BusOptions;
  readonly #deps: BusDeps;
  readonly #instruments: BusInstruments;
  readonly #disk: DiskSpace;
  readonly #capacity: Capacity;
  readonly #readers = new Set<LmdbReader>();
  readonly #stopped = new AbortController();
  #opened: OpenLog | undefined;
  #sweeping: Promise<void> | undefined;

  constructor(options: BusOptions, deps: BusDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#instruments = busInstruments(deps.metrics);
    this.#disk = createDiskSpace(options.directory, deps);
    this.#capacity = createCapacity(options, this.#disk);
  }

  async start(): Promise<void> {
    if (this.#opened !== undefined) return;
    const environment = openEnvironment(join(this.#options.directory, 'log.mdb'));
    const tables = openTables(environment);
    const doorbell = createDoorbell(this.#options.directory, this.#deps.clock, (topics) => {
      this.#wake(topics);
    });
    const appender = createAppender({
      environment,
      tables,
      clock: this.#deps.clock,
      instruments: this.#instruments,
      onAppended: (topics) => {
        this.#wake(topics);
        doorbell.ring(topics);
      },
    });
    this.#opened = { environment, tables, deadLetters: openDeadLetters(environment, tables), appender, doorbell };
    await renameGroups(environment, tables);
    if (this.#readers.size > 0) this.#startSweeping();
    await Promise.all([...this.#readers].map((reader) => reader.join()));
  }

  async stop(): Promise<void> {
    const opened = this.#opened;
    this.#stopped.abort();
    await Promise.all([...this.#readers].map((reader) => reader.close()));
    await this.#sweeping;
    this.#opened = undefined;
    await opened?.environment.close();
    // What closing flushed was rung too.
    opened?.doorbell.close();
  }

  async append(records: readonly LogRecord[]): Promise<void> {
    if (records.length === 0) return;
    const { appender, tables } = this.#source();
    const startedMs = this.#deps.clock.nowMs();
    const refusal = this.#capacity.refuse(records, tables);
    if (refusal !== undefined) {
      this.#countRefused(records, refusal.reason);
      throw new PipelineError('BUS_UNAVAILABLE', refusal.message);
    }
    try {
      await appender.append(records);
    } catch (error) {
      this.#countRefused(records, 'write');
      throw error;
    }
    this.#instruments.appendSeconds.observe((this.#deps.clock.nowMs() - startedMs) / 1000);
  }

  refusal(bytes = 0): string | undefined {
    const freeBytes = this.#disk.freeBytes();
    // Here alone: what other instances saw last may be old, and the metrics page shows the highest of all.
    if (freeBytes !== Infinity) this.#instruments.diskFreeBytes.set(freeBytes);
    const { tables } = this.#source();
    const refusal = this.#capacity.refusal(tables, bytes);
    if (refusal !== undefined && bytes > 0) this.#instruments.refusedRecords.add(1, { reason: refusal.reason });
    return refusal?.message;
  }

  state(): BusState {
    const { tables, deadLetters } = this.#source();
    return readState(tables, deadLetters);
  }

  reader(topic: Topic, group: string): LogReader {
    const { pollIntervalMs } = this.#options;
    const reader = new LmdbReader(
      { topic, group, pollIntervalMs },
      {
        ...this.#deps,
        instruments: this.#instruments,
        source: () => this.#source(),
        onClosed: (closed) => this.#readers.delete(closed),
      },
    );
    this.#readers.add(reader);
    if (this.#opened === undefined) return reader;
    this.#startSweeping();
    // A failure to join comes back at the first poll, which tries again.
    void reader.join().catch(() => undefined);
    return reader;
  }

  readers<Name extends Topic>(topics: readonly Name[], group: string): Readonly<Record<Name, LogReader>> {
    return readersOf(topics, (topic) => this.reader(topic, group));
  }

  scan(topic: Topic, signal: AbortSignal): AsyncIterable<readonly StoredRecord[]> {
    return scanTopic(topic, signal, { ...this.#deps, instruments: this.#instruments, source: () => this.#source() });
  }

  async endOffsets(topic: Topic): Promise<ReadonlyMap<number, number>> {
    const { tables } = this.#source();
    tables.refresh();
    return new Map([[PARTITION, tables.newestBlock(topic)?.endOffset ?? 0]]);
  }

  async lag(topic: Topic, group: string): Promise<number> {
    const { tables } = this.#source();
    tables.refresh();
    return lagOf(topic, group, tables);
  }

  async erase(keys: readonly string[], erases?: (record: RecordPlace) => boolean): Promise<number> {
    const { environment, tables } = this.#source();
    return eraseKeys(
      { keys: new Set(keys), erases: erases ?? (() => true) },
      { environment, tables, instruments: this.#instruments, clock: this.#deps.clock },
    );
  }

  #source(): OpenLog {
    if (this.#opened !== undefined) return this.#opened;
    throw new PipelineError(
      'BUS_CLOSED',
      `expected the bus in ${this.#options.directory} to be open, but it is not started or was stopped`,
    );
  }

  #countRefused(records: readonly LogRecord[], reason: Refusal['reason'] | 'write'): void {
    this.#instruments.refusedRecords.add(records.length, { reason });
  }

  #wake(topics: readonly Topic[]): void {
    for (const reader of this.#readers) if (topics.includes(reader.topic)) reader.wake();
  }

  /** Only who reads sweeps: what readers have not committed stays, and a sweep would hold up the thread that acknowledges. */
  #startSweeping(): void {
    if (this.#stopped.signal.aborted) return;
    const { environment, tables } = this.#source();
    this.#sweeping ??= sweepUntil(this.#stopped.signal, this.#options, {
      environment,
      tables,
      disk: this.#disk,
      instruments: this.#instruments,
      ...this.#deps,
    });
  }
}
