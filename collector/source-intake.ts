import type { Clock } from '../core/clock.js';
import type { Component } from '../core/component.js';
import { bury } from '../core/dead-letter.js';
import { PipelineError } from '../core/errors.js';
import { TENANT_HEADER, type Log, type LogReader, type StoredRecord } from '../core/log.js';
import type { Logger } from '../core/logger.js';
import type { Counter, Metrics } from '../core/metrics.js';
import type { Encoding, Outcome, Receipt } from './answer.js';
import type { BodyLimits, BodyResult } from './read-body.js';
import type { Receiver } from './receive.js';
import type { Signal } from './signals.js';

const POLL = { maxRecords: 64, maxBytes: 4 * 1024 * 1024, waitMs: 1_000 };
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/** A topic that somebody else writes: each value is a whole OTLP request, of any number of traces. */
export interface Source {
  readonly signal: Signal;
  /** What its owner calls it. */
  readonly name: string;
  readonly encoding: Encoding;
  /** Whose spans or log records these are. */
  readonly tenant: string;
  readonly reader: Pick<LogReader, 'poll' | 'commit'>;
}

export interface SourceIntakeDeps {
  readonly receiver: Pick<Receiver, 'hold' | 'receive'>;
  /** Takes the dead letters. */
  readonly log: Pick<Log, 'append'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: SourceCounters;
}

/** By signal. */
export interface SourceCounters {
  readonly taken: Counter;
  readonly rejected: Counter;
}

export function sourceCounters(metrics: Metrics): SourceCounters {
  return {
    taken: metrics.counter('assay_collector_source_records_total', 'Records of bus.source that were put on the bus.', [
      'signal',
    ]),
    rejected: metrics.counter(
      'assay_collector_source_rejected_total',
      'Records of bus.source that became dead letters: no OTLP, too large, or of spans or log records that are.',
      ['signal'],
    ),
  };
}

/**
 * Takes in what lies on a topic as if it had been sent: split by trace and keyed our way, whatever keys it had. Its offset moves
 * when the bus has all of it. While the bus is full or away it waits; a value that is no OTLP, or of which a part is left out, becomes
 * a dead letter, whole, and is passed by.
 */
export function createSourceIntake(source: Source, deps: SourceIntakeDeps): Component {
  const intake = new Intake(source, deps);
  return {
    async start() {
      intake.start();
    },
    stop: () => intake.stop(),
  };
}

class Intake {
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(
    private readonly source: Source,
    private readonly deps: SourceIntakeDeps,
  ) {}

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { reader } = this.source;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const records = await this.#persist(() => reader.poll(POLL, signal));
      const taken = await Promise.all((records ?? []).map((record) => this.#take(record)));
      // Told to stop while some of them waited: they come again, as do those behind them.
      if (records === undefined || !taken.every(Boolean)) return;
      for (const [partition, next] of new Map(records.map(({ partition, offset }) => [partition, offset + 1])))
        await this.#persist(() => reader.commit(partition, next));
    }
  }

  /** @returns false when it was told to stop before the bus took it */
  async #take(record: StoredRecord): Promise<boolean> {
    const { signal } = this.#stopping;
    const { counters, clock } = this.deps;
    for (let waitMs = FIRST_WAIT_MS; !signal.aborted; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
      const outcome = await this.#receive(record);
      const isRefused = 'refusal' in outcome;
      if (isRefused && outcome.refusal.status === 503) {
        await clock.sleep(Math.max(waitMs, (outcome.refusal.retryAfterSeconds ?? 0) * 1_000), signal);
        continue;
      }
      if (!isRefused) counters.taken.add(1, { signal: this.source.signal.name });
      const problem = problemOf(outcome);
      return problem === undefined || this.#setAside(record, problem);
    }
    return false;
  }

  /** @returns false when it was told to stop before the bus had the letter */
  async #setAside(record: StoredRecord, error: PipelineError): Promise<boolean> {
    const { name, signal, tenant } = this.source;
    const { log, counters, logger } = this.deps;
    const headers = { ...record.headers, [TENANT_HEADER]: tenant };
    const letter = { record: { ...record, headers }, role: 'receive', error, place: `source:${name}` } as const;
    const isDone = await this.#persist(async () => {
      await bury([letter], log);
      return true;
    });
    if (isDone === undefined) return false;
    counters.rejected.add(1, { signal: signal.name });
    const { partition, offset } = record;
    logger.error({ topic: name, partition, offset }, `a record of bus.source became a dead letter: ${error.message}`);
    return true;
  }

  async #receive({ value }: StoredRecord): Promise<Outcome<Receipt>> {
    const { receiver } = this.deps;
    const { signal, encoding, tenant } = this.source;
    const hold = receiver.hold();
    try {
      const read = async (limits: BodyLimits): Promise<BodyResult> => bodyOf(value, limits);
      return await receiver.receive({ signal, encoding, tenant, hold, declaredBytes: value.length, read });
    } finally {
      hold.release();
    }
  }

  /** @returns undefined when it was told to stop before the bus answered */
  async #persist<T>(action: () => Promise<T>): Promise<T | undefined> {
    const { signal } = this.#stopping;
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
      try {
        return await action();
      } catch (error) {
        if (isAborted(signal)) return undefined;
        if (!(error instanceof PipelineError)) throw error;
        this.deps.logger.error({ error, waitMs }, 'bus.source did not answer; nothing is lost, it is asked again');
        await this.deps.clock.sleep(waitMs, signal);
      }
    }
  }
}

/** Why not all of a record was taken; undefined when it was. */
function problemOf(outcome: Outcome<Receipt>): PipelineError | undefined {
  if ('refusal' in outcome) {
    const { status, message } = outcome.refusal;
    return new PipelineError(status === 413 ? 'OTLP_TOO_LARGE' : 'OTLP_MALFORMED', message);
  }
  const { count, message, code = 'OTLP_MALFORMED' } = outcome.value;
  return count === 0
    ? undefined
    : new PipelineError(code, `${count} of its items left out, the rest taken: ${message}`);
}

function bodyOf(value: Uint8Array, limits: BodyLimits): BodyResult {
  if (value.length > limits.maxBytes) {
    const message = `expected at most ${limits.maxBytes} bytes, got ${value.length}; send smaller batches, or raise collector.maxBodyBytes.`;
    return { refusal: { status: 413, message } };
  }
  if (!limits.hold(value.length)) return { refusal: limits.overloaded };
  return { bytes: Buffer.from(value.buffer, value.byteOffset, value.length), release: () => undefined };
}

/** A call, because the compiler takes a signal that was not aborted for one that never is. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
