import type { Clock } from '../core/clock.js';
import type { Component } from '../core/component.js';
import { PipelineError } from '../core/errors.js';
import type { LogReader, StoredRecord } from '../core/log.js';
import type { Logger } from '../core/logger.js';
import type { Counter, Metrics } from '../core/metrics.js';
import type { Encoding, Refusal } from './answer.js';
import type { BodyLimits, BodyResult } from './read-body.js';
import type { Receiver } from './receive.js';
import type { Signal } from './signals.js';

const POLL = { maxRecords: 64, maxBytes: 4 * 1024 * 1024, waitMs: 1_000 };
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/** A topic that somebody else writes: each value is a whole OTLP request, of any number of traces. */
export interface Source {
  readonly signal: Signal;
  readonly encoding: Encoding;
  /** Whose spans or log records these are. */
  readonly tenant: string;
  readonly reader: Pick<LogReader, 'poll' | 'commit'>;
}

export interface SourceIntakeDeps {
  readonly receiver: Pick<Receiver, 'hold' | 'receive'>;
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
      'Records of bus.source that are no OTLP, or too large.',
      ['signal'],
    ),
  };
}

/**
 * Takes in what lies on a topic as if it had been sent: split by trace and keyed our way, whatever keys it had. Its offset moves
 * when the bus has all of it. While the bus is full or away it waits; a value that is no OTLP is counted, told of, and passed by.
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
    const { counters, logger, clock } = this.deps;
    for (let waitMs = FIRST_WAIT_MS; !signal.aborted; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
      const refusal = await this.#receive(record);
      const labels = { signal: this.source.signal.name };
      if (refusal === undefined) {
        counters.taken.add(1, labels);
        return true;
      }
      if (refusal.status !== 503) {
        counters.rejected.add(1, labels);
        const { partition, offset } = record;
        logger.error({ ...labels, partition, offset }, `a record of bus.source is passed by: ${refusal.message}`);
        return true;
      }
      await clock.sleep(Math.max(waitMs, (refusal.retryAfterSeconds ?? 0) * 1_000), signal);
    }
    return false;
  }

  async #receive({ value }: StoredRecord): Promise<Refusal | undefined> {
    const { receiver } = this.deps;
    const { signal, encoding, tenant } = this.source;
    const hold = receiver.hold();
    try {
      const read = async (limits: BodyLimits): Promise<BodyResult> => bodyOf(value, limits);
      const outcome = await receiver.receive({ signal, encoding, tenant, hold, declaredBytes: value.length, read });
      return 'refusal' in outcome ? outcome.refusal : undefined;
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
