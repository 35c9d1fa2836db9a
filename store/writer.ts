import type { Clock } from '../core/clock.js';
import type { Component } from '../core/component.js';
import { PipelineError } from '../core/errors.js';
import type { Log, LogReader, Topic } from '../core/log.js';
import type { Logger } from '../core/logger.js';
import type { Metrics } from '../core/metrics.js';
import type { State } from '../core/state.js';
import type { StoreConfig } from './config.js';
import { openStoreConnection, type StoreConnection, type StoreOptions } from './connection.js';
import { migrate } from './migrate.js';
import { erase, eraseFromBus, type Erased, type EraseRequest } from './erase.js';
import { BlockFiles } from './block-files.js';
import { Erasures, withErasures } from './erasures.js';
import type { FindDeps } from './find-erasable.js';
import { Retention } from './retention.js';
import { TOPIC_TABLES } from './topic-tables.js';
import { type Offsets, TopicWriter } from './topic-writer.js';
import { createWriterMetrics, type WriterMetrics } from './writer-metrics.js';

/** The consumer group of the writer. */
export const WRITER_GROUP = 'write';

/** What comes of erased traces is taken from the bus again, this often at most, since that reads all of it. */
const ERASE_LATE_EVERY_MS = 60_000;

export interface WriterDeps extends Pick<FindDeps, 'readTrajectory'> {
  readonly log: Log;
  readonly state: State;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Opens the writer's own connection; the embedded engine when it is left out. */
  readonly connect?: (options: StoreOptions) => Promise<StoreConnection>;
}

/** The `write` role. */
export interface Writer extends Component {
  /** False while the store does not take what it is given. */
  ready(): boolean;
  /**
   * Erases the content of traces from bus and store, between two cycles.
   * @throws {PipelineError} TRACE_UNKNOWN, STORE_UNAVAILABLE, BUS_UNAVAILABLE; to erase again goes on where it failed
   */
  erase(request: EraseRequest): Promise<Erased>;
}

/**
 * Moves what is on the bus into the store: at least once, and seen once, because a block that is written again has the same
 * deduplication token. The store never holds a decision without its spans, nor a verdict without its decision.
 */
export function createWriter(options: StoreConfig & StoreOptions, deps: WriterDeps): Writer {
  return new BusWriter(options, deps);
}

class BusWriter implements Writer {
  readonly #metrics: WriterMetrics;
  /** Ends the wait between two cycles, for good. */
  readonly #wake = new AbortController();
  /** Ends a cycle after the block that it is at. */
  readonly #halt = new AbortController();
  readonly #erasures = new Erasures();
  #erasedLateAtMs = -Infinity;
  /** Ends when nobody works on the store. */
  #turn: Promise<unknown> = Promise.resolve();
  #connection: StoreConnection | undefined;
  readonly #files: BlockFiles;
  #retention: Retention | undefined;
  #readers: readonly LogReader[] = [];
  #writers: readonly TopicWriter[] = [];
  #running: Promise<void> | undefined;
  #ready = false;
  #failures = 0;

  constructor(
    private readonly options: StoreConfig & StoreOptions,
    private readonly deps: WriterDeps,
  ) {
    this.#metrics = createWriterMetrics(deps.metrics);
    this.#files = new BlockFiles(options.dataDirectory);
  }

  ready(): boolean {
    return this.#ready;
  }

  async start(): Promise<void> {
    const { deps, options } = this;
    const connection = await (deps.connect ?? openStoreConnection)(options);
    this.#connection = connection;
    await migrate(connection);
    await this.#files.open();
    await this.#erasures.load(connection);
    const metrics = this.#metrics;
    this.#retention = new Retention(options.retention, { ...deps, connection, droppedRows: metrics.droppedRows });
    // One member for all of them: nobody else writes the spans of decisions that are written here.
    const byTopic = deps.log.readers(
      TOPIC_TABLES.map(({ topic }) => topic),
      WRITER_GROUP,
    );
    const readers = TOPIC_TABLES.map(({ topic }) => byTopic[topic]);
    this.#readers = readers;
    this.#writers = TOPIC_TABLES.map(
      (table, index) =>
        new TopicWriter(withErasures(table, this.#erasures, metrics.erasedRecords), options, {
          ...deps,
          metrics,
          connection,
          files: this.#files,
          reader: readers[index]!,
        }),
    );
    this.#running = this.#run();
  }

  erase(request: EraseRequest): Promise<Erased> {
    return this.#alone(async () => {
      const connection = this.#connection;
      if (connection === undefined || this.#wake.signal.aborted) {
        throw new PipelineError(
          'STORE_UNAVAILABLE',
          'expected the writer to run, but it is not started or is stopping',
        );
      }
      // Whole blocks only: one that is half written has to be written again as it was.
      await this.#cycle();
      const { log, clock, readTrajectory } = this.deps;
      const [erasures, committed] = [this.#erasures, this.#committed];
      return erase(request, { connection, log, readTrajectory, erasures, committed, nowMs: clock.nowMs() });
    });
  }

  async stop(signal: AbortSignal): Promise<void> {
    this.#wake.abort();
    const giveUp = (): void => {
      this.#halt.abort();
    };
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    await this.#running;
    await this.#turn;
    signal.removeEventListener('abort', giveUp);
    this.#running = undefined;
    this.#setReady(false);
    for (const reader of this.#readers) await reader.close();
    this.#readers = [];
    if (this.#connection !== undefined) await this.#files.close();
    await this.#connection?.close();
    this.#connection = undefined;
  }

  async #run(): Promise<void> {
    const cycle = (): Promise<number> => this.#alone(() => this.#cycleOrReport());
    while (!this.#wake.signal.aborted) await this.deps.clock.sleep(await cycle(), this.#wake.signal);
    // What lies on the bus by now is written before the end, unless there is no time for it.
    if (!this.#halt.signal.aborted) await cycle();
    await this.#alone(() => this.#eraseLate());
  }

  /** One after the other: the connection is one, and an erasure must not meet a block that is half written. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  readonly #committed = async (topic: Topic): Promise<ReadonlyMap<number, number>> => {
    const index = TOPIC_TABLES.findIndex((table) => table.topic === topic);
    return (await this.#readers[index]?.committed()) ?? new Map<number, number>();
  };

  async #eraseLate(): Promise<void> {
    const { log, logger, clock } = this.deps;
    if (!this.#erasures.hasLate()) return;
    this.#erasedLateAtMs = clock.nowMs();
    try {
      await eraseFromBus(this.#erasures.takeLate(), { log, committed: this.#committed });
    } catch (error) {
      logger.warn(
        { error },
        'what came late of erased traces could not be taken from the bus; its retention removes it',
      );
    }
  }

  /** @returns how long to wait before the next, in ms */
  async #cycleOrReport(): Promise<number> {
    const { clock, logger } = this.deps;
    const { flushMs, retryMinMs, retryMaxMs } = this.options;
    const startedMs = clock.nowMs();
    try {
      await this.#cycle();
      await this.#retention?.sweepWhenDue();
      if (clock.nowMs() - this.#erasedLateAtMs > ERASE_LATE_EVERY_MS) await this.#eraseLate();
      await this.#connection?.releaseMemory();
      this.#failures = 0;
      this.#setReady(!this.#halt.signal.aborted);
      return Math.max(0, flushMs - (clock.nowMs() - startedMs));
    } catch (error) {
      this.#setReady(false);
      if (this.#halt.signal.aborted) return 0;
      const waitMs = Math.min(retryMaxMs, retryMinMs * 2 ** this.#failures);
      this.#failures += 1;
      this.#metrics.failures.add(1);
      logger.error(
        { error, failures: this.#failures, waitMs },
        'a block was not written; nothing is lost, it is tried again',
      );
      return waitMs;
    }
  }

  async #cycle(): Promise<void> {
    const { signal } = this.#halt;
    const { log } = this.deps;
    for (const { topic } of TOPIC_TABLES) this.#metrics.lag.set(await log.lag(topic, WRITER_GROUP), { topic });
    if (!this.#ready || this.#writers.some((writer) => writer.hasMoved()))
      for (const writer of this.#writers) await writer.recover(signal);
    const ends = await endsOf(log);
    for (const [index, writer] of this.#writers.entries()) {
      // What came meanwhile is for the next cycle, so that its spans are written first there too.
      if (writer.hasMoved()) return;
      await writer.writeUpTo(ends[index]!, signal);
    }
  }

  #setReady(ready: boolean): void {
    this.#ready = ready;
    this.#metrics.ready.set(ready ? 1 : 0);
  }
}

/** The ends that one cycle writes up to, taken from the last topic to the first: effects before their causes. */
async function endsOf(log: Log): Promise<readonly Offsets[]> {
  const ends: Offsets[] = [];
  for (const { topic } of TOPIC_TABLES.toReversed()) ends.unshift(await log.endOffsets(topic));
  return ends;
}
