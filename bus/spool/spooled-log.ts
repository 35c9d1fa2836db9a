import { setMaxListeners } from 'node:events';
import type { Clock } from '../../core/clock.js';
import { PipelineError } from '../../core/errors.js';
import type { LogReader, LogRecord, ScannableLog, StoredRecord, Topic } from '../../core/log.js';
import type { Logger } from '../../core/logger.js';
import type { Metrics } from '../../core/metrics.js';
import { isAway } from '../kafka/faults.js';
import type { DistributedLog } from '../kafka/kafka-log.js';
import type { EmbeddedLog } from '../lmdb-log.js';
import { Drainer } from './drainer.js';
import { spoolInstruments, type SpoolInstruments } from './instruments.js';
import { Spool } from './spool.js';

/** Between two tries after Kafka took nothing; its client tries for a while itself each time. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 2_000;

export interface SpooledLogOptions {
  readonly directory: string;
  readonly maxBytes: number;
  readonly minFreeBytes: number;
  /** How long Kafka may owe an answer before it is held to be away. */
  readonly afterMs: number;
}

export interface SpooledLogDeps {
  readonly kafka: DistributedLog;
  /** Of the directory in the options. */
  readonly embedded: EmbeddedLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly random: () => number;
}

/**
 * A log on Kafka that takes records while Kafka is away: they are flushed to a spool on disk, and go out once it answers.
 *
 * Records of a key keep their order, so nothing goes straight to Kafka while something waits in the spool. The way back is a
 * moment in which what is appended is held: the last records leave the spool meanwhile, which else never ran empty.
 */
export class SpooledLog implements ScannableLog {
  readonly #spool: Spool;
  readonly #drainer: Drainer;
  readonly #instruments: SpoolInstruments;
  readonly #stopping = new AbortController();
  readonly #halted = new AbortController();
  /** There while records go straight to Kafka; aborts when it is found to be away. Without it they go to the spool. */
  #straight: AbortController | undefined;
  /** There while records are held. */
  #gate: Promise<void> | undefined;
  /** Appends that nobody was answered yet, the oldest first, by when they began. */
  readonly #pending = new Map<Promise<void>, number>();
  #isWatched = false;
  #isConnected = false;
  #isClosed = true;
  /** Why records do not go straight to Kafka. */
  #problem = 'what an earlier run left in the spool goes out first';
  #running: Promise<void> | undefined;

  constructor(
    private readonly options: SpooledLogOptions,
    private readonly deps: SpooledLogDeps,
  ) {
    this.#spool = new Spool(deps.embedded);
    this.#instruments = spoolInstruments(deps.metrics);
    const { kafka, logger } = deps;
    this.#drainer = new Drainer({ spool: this.#spool, kafka, instruments: this.#instruments, logger });
  }

  /** @throws {PipelineError} what Kafka's own start throws, unless that is only away */
  async start(signal: AbortSignal): Promise<void> {
    if (this.#running !== undefined) return;
    await this.#spool.start(signal);
    try {
      await this.#connect(signal);
    } catch (error) {
      if (!isAway(error)) {
        await this.#spool.stop(signal);
        throw error;
      }
      this.#noteAway(messageOf(error));
    }
    if (this.#isConnected && this.#spool.waiting().records === 0) this.#straight = straightController();
    this.#isClosed = false;
    this.#running = this.#keepDraining();
  }

  /** Drains until nothing waits or the signal aborts; what stays is on disk, and goes out at the next start. */
  async stop(signal: AbortSignal): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#pending.keys());
    this.#stopping.abort();
    const halt = (): void => {
      this.#halted.abort();
    };
    if (signal.aborted) halt();
    signal.addEventListener('abort', halt);
    await this.#running;
    signal.removeEventListener('abort', halt);
    if (this.#running !== undefined) this.#sayWhatStays();
    this.#running = undefined;
    this.#straight?.abort();
    await this.#spool.stop(signal);
    await this.deps.kafka.stop(signal);
  }

  async append(records: readonly LogRecord[]): Promise<void> {
    if (records.length === 0) return;
    while (this.#gate !== undefined) await this.#gate;
    if (this.#isClosed) throw closedError(this.options);
    const appended = this.#route(records);
    this.#pending.set(appended, this.deps.clock.nowMs());
    if (!this.#isWatched) void this.#watch();
    try {
      await appended;
    } finally {
      this.#pending.delete(appended);
    }
  }

  /** Why not so many bytes are taken at the moment, as one sentence; undefined when they are. */
  refusal(bytes = 0): string | undefined {
    if (bytes === 0) this.#measure();
    if (this.#straight !== undefined || this.#spool.refusal(bytes) === undefined) return undefined;
    return this.#noRoom();
  }

  /** Says that records go to the spool, and why, as one sentence; undefined while they go straight to Kafka. */
  notice(): string | undefined {
    if (this.#straight !== undefined) return undefined;
    const { records, bytes } = this.#spool.waiting();
    return `what is received is kept in the spool, where ${records} records wait on ${bytes} bytes of disk: ${this.#problem}`;
  }

  /** What waits, and why. */
  spool(): { readonly records: number; readonly bytes: number; readonly problem: string | null } {
    return { ...this.#spool.waiting(), problem: this.#straight === undefined ? this.#problem : null };
  }

  reader(topic: Topic, group: string): LogReader {
    return this.deps.kafka.reader(topic, group);
  }

  scan(topic: Topic, signal: AbortSignal): AsyncIterable<readonly StoredRecord[]> {
    return this.deps.kafka.scan(topic, signal);
  }

  readers<Name extends Topic>(topics: readonly Name[], group: string): Readonly<Record<Name, LogReader>> {
    return this.deps.kafka.readers(topics, group);
  }

  endOffsets(topic: Topic): Promise<ReadonlyMap<number, number>> {
    return this.deps.kafka.endOffsets(topic);
  }

  lag(topic: Topic, group: string): Promise<number> {
    return this.deps.kafka.lag(topic, group);
  }

  /** As on Kafka, where what waits here soon is. */
  erase(keys: readonly string[]): Promise<number | null> {
    return this.deps.kafka.erase(keys);
  }

  async #route(records: readonly LogRecord[]): Promise<void> {
    const straight = this.#straight;
    if (straight === undefined) return this.#keep(records);
    try {
      await this.deps.kafka.tryAppend(records, straight.signal);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      this.#leave(straight, error.message);
      await this.#keep(records);
    }
  }

  async #keep(records: readonly LogRecord[]): Promise<void> {
    try {
      await this.#spool.append(records);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      throw new PipelineError('BUS_UNAVAILABLE', this.#noRoom(), { cause: error });
    }
  }

  /** From now on records go to the spool, also those that Kafka owes an answer for. */
  #leave(straight: AbortController, problem: string): void {
    if (straight.signal.aborted) return;
    this.#straight = undefined;
    this.#noteAway(problem);
    straight.abort();
  }

  #noteAway(problem: string): void {
    this.#problem = problem;
    const { directory } = this.options;
    this.deps.logger.warn(
      { problem, directory },
      'Kafka is away: what is received is kept in the spool until it answers',
    );
  }

  /** Leaves Kafka when the oldest append waits too long: a request may hang, and what comes behind it with it. */
  async #watch(): Promise<void> {
    const { clock } = this.deps;
    this.#isWatched = true;
    for (;;) {
      const straight = this.#straight;
      const sinceMs = this.#pending.values().next().value;
      if (straight === undefined || sinceMs === undefined) break;
      const leftMs = sinceMs + this.options.afterMs - clock.nowMs();
      if (leftMs <= 0) this.#leave(straight, `expected an answer of Kafka within ${this.options.afterMs} ms, got none`);
      else await clock.sleep(Math.min(leftMs, this.options.afterMs), straight.signal);
    }
    this.#isWatched = false;
  }

  async #keepDraining(): Promise<void> {
    let waitMs = FIRST_WAIT_MS;
    while (!this.#isDone()) {
      const straight = this.#straight;
      if (straight !== undefined) {
        await untilAborted(straight.signal, this.#stopping.signal);
        waitMs = FIRST_WAIT_MS;
      } else if (!(await this.#drain())) {
        await this.deps.clock.sleep(waitMs * (0.5 + this.deps.random()), this.#halted.signal);
        waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
      }
    }
  }

  #isDone(): boolean {
    if (this.#halted.signal.aborted) return true;
    return this.#stopping.signal.aborted && this.#spool.waiting().records === 0;
  }

  /** @returns false when Kafka takes nothing at the moment */
  async #drain(): Promise<boolean> {
    try {
      await this.#connect(this.#halted.signal);
      await this.#drainer.drain(this.#halted.signal);
      // What tried to be kept may have found no room: an empty spool does not say that Kafka answers.
      if (this.deps.kafka.refusal() !== undefined) return false;
      await this.#handOver();
      return true;
    } catch (error) {
      this.#noteTrouble(error);
      return false;
    }
  }

  async #connect(signal: AbortSignal): Promise<void> {
    if (this.#isConnected) return;
    await this.deps.kafka.start(signal);
    this.#isConnected = true;
  }

  /** Holds what is appended, while what was appended before is flushed and goes out; not for longer than Kafka is waited for. */
  async #handOver(): Promise<void> {
    const over = new AbortController();
    const late = new AbortController();
    let open = (): void => undefined;
    this.#gate = new Promise((resolve) => (open = resolve));
    void this.deps.clock.sleep(this.options.afterMs, over.signal).then(() => {
      late.abort();
    });
    try {
      await Promise.allSettled(this.#pending.keys());
      await this.#drainer.drain(late.signal);
      this.#straight = straightController();
      this.deps.logger.info({}, 'Kafka takes records, and the spool is empty');
    } finally {
      this.#gate = undefined;
      open();
      over.abort();
    }
  }

  /** That it is away was said; of anything else somebody should hear. */
  #noteTrouble(error: unknown): void {
    const problem = messageOf(error);
    if (!isAway(error) && problem !== this.#problem && !this.#halted.signal.aborted)
      this.deps.logger.warn({ problem }, 'the spool could not be drained; it is tried again');
    this.#problem = problem;
  }

  #sayWhatStays(): void {
    const { records, bytes } = this.#measure();
    if (records === 0) return;
    const { directory } = this.options;
    this.deps.logger.warn(
      { records, bytes, directory },
      'records stay in the spool, since Kafka did not take them in time; they go out at the next start with this directory',
    );
  }

  #measure(): { readonly records: number; readonly bytes: number } {
    const waiting = this.#spool.waiting();
    this.#instruments.records.set(waiting.records);
    this.#instruments.sizeBytes.set(waiting.bytes);
    return waiting;
  }

  #noRoom(): string {
    const { directory, maxBytes, minFreeBytes } = this.options;
    return `expected room in the spool in ${directory} while Kafka does not take records (${this.#problem}), but it may hold bus.kafka.spool.maxBytes = ${maxBytes} bytes and leaves bus.minFreeBytes = ${minFreeBytes} free; bring Kafka back, or make room`;
  }
}

/** Its signal has a listener for each append that is under way: many are no leak. */
function straightController(): AbortController {
  const straight = new AbortController();
  setMaxListeners(0, straight.signal);
  return straight;
}

function isUnavailable(error: unknown): error is PipelineError {
  return error instanceof PipelineError && error.code === 'BUS_UNAVAILABLE';
}

function closedError({ directory }: SpooledLogOptions): PipelineError {
  return new PipelineError('BUS_CLOSED', `expected the bus with its spool in ${directory} to be open, but it is not`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function untilAborted(...signals: readonly AbortSignal[]): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      for (const signal of signals) signal.removeEventListener('abort', done);
      resolve();
    };
    for (const signal of signals) signal.addEventListener('abort', done);
    if (signals.some(({ aborted }) => aborted)) done();
  });
}
