import { randomUUID } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import type { Clock } from '../../core/clock.js';
import { PipelineError } from '../../core/errors.js';
import {
  readersOf,
  type LogReader,
  type LogRecord,
  type PollOptions,
  type ScannableLog,
  type StoredRecord,
  type Topic,
} from '../../core/log.js';
import type { Logger } from '../../core/logger.js';
import type { Metrics } from '../../core/metrics.js';
import type { KafkaConfig } from '../config.js';
import { appendInstruments, type AppendInstruments } from '../instruments.js';
import { ownNames, type KafkaNames } from '../topics.js';
import { makeClient, NO_RETRY, PATIENT } from './client.js';
import { createLostBatches, keepsLetters, type LostBatches } from './lost-batches.js';
import { KafkaMember } from './member.js';
import { KafkaOffsets } from './offsets.js';
import { KafkaProducer } from './producer.js';

/** How often it is looked whether somebody has added partitions. */
const REFRESH_EVERY_MS = 30_000;
/** How often while records are refused. */
const PROBE_EVERY_MS = 1_000;
/** Of a scan. An empty poll says that all was read that lay there. */
const AT_ONCE: PollOptions = { maxRecords: 1_000, maxBytes: 8 * 2 ** 20, waitMs: 0 };

export interface KafkaLogDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly random: () => number;
  /** Told when a consumer reads nothing for too long although the brokers answer: the process should end, and say why. */
  readonly onGivenUp?: (error: PipelineError) => void;
}

/** A log on Kafka that knows how its last request went. */
export interface DistributedLog extends ScannableLog {
  /** Why records are not taken at the moment, as one sentence; undefined when they are. Finds out by itself when that is over. */
  refusal(): string | undefined;
  /**
   * As `append`, for who has another place for the records: what is refused is not counted as refused, and when the signal aborts
   * it rejects at once with BUS_UNAVAILABLE, also while Kafka owes an answer. Some of them may have been taken by then.
   */
  tryAppend(records: readonly LogRecord[], signal: AbortSignal): Promise<void>;
}

interface OpenLog {
  readonly consumers: Kafka;
  readonly offsets: KafkaOffsets;
  readonly producer: KafkaProducer;
}

/**
 * The bus on Kafka, whose topics `assay topics create` has made. `start` ends with BUS_UNAVAILABLE when no broker answers, the
 * login is refused or a topic is missing; later it waits all of these out.
 */
export class KafkaLog implements DistributedLog {
  readonly #instruments: AppendInstruments;
  readonly #members = new Set<KafkaMember>();
  readonly #names: KafkaNames;
  readonly #lost: LostBatches;
  readonly #stopped = new AbortController();
  #opened: OpenLog | undefined;
  #refreshing: Promise<void> | undefined;

  constructor(
    private readonly config: KafkaConfig,
    private readonly deps: KafkaLogDeps,
  ) {
    this.#instruments = appendInstruments(deps.metrics);
    this.#names = ownNames(config);
    this.#lost = createLostBatches({ keeps: keepsLetters }, { ...deps, log: this });
  }

  async start(): Promise<void> {
    if (this.#opened !== undefined) return;
    const { config, deps } = this;
    // First without retries, so that what is wrong is said at once.
    const consumers = makeClient(config, deps.logger, PATIENT);
    const offsets = new KafkaOffsets(consumers, { ...config, names: this.#names }, deps.clock);
    const producer = new KafkaProducer(makeClient(config, deps.logger, NO_RETRY), config, {
      ...deps,
      partitionsOf: (topic) => offsets.partitionsOf(topic),
    });
    try {
      await producer.connect();
      await offsets.connect();
    } catch (error) {
      await Promise.all([producer.close(), offsets.disconnect()]);
      throw error;
    }
    this.#opened = { consumers, offsets, producer };
    this.#refreshing = this.#keepRefreshing(this.#opened);
    for (const member of this.#members) member.start();
  }

  async stop(): Promise<void> {
    const opened = this.#opened;
    this.#stopped.abort();
    this.#opened = undefined;
    await Promise.all([...this.#members].map((member) => member.close()));
    await opened?.producer.close();
    await this.#refreshing;
    await opened?.offsets.disconnect();
  }

  async append(records: readonly LogRecord[]): Promise<void> {
    if (records.length === 0) return;
    const { producer } = this.#source();
    try {
      await this.#write(records, () => producer.append(records));
    } catch (error) {
      this.#instruments.refusedRecords.add(records.length, { reason: 'kafka' });
      throw error;
    }
  }

  async tryAppend(records: readonly LogRecord[], signal: AbortSignal): Promise<void> {
    if (records.length === 0) return;
    const { producer } = this.#source();
    await this.#write(records, () => producer.append(records, signal));
  }

  async #write(records: readonly LogRecord[], write: () => Promise<void>): Promise<void> {
    const startedMs = this.deps.clock.nowMs();
    await write();
    for (const { topic, value } of records) {
      this.#instruments.appendedRecords.add(1, { topic });
      this.#instruments.appendedBytes.add(value.length, { topic });
    }
    this.#instruments.appendSeconds.observe((this.deps.clock.nowMs() - startedMs) / 1_000);
  }

  refusal(): string | undefined {
    return this.#source().producer.problem()?.message;
  }

  reader(topic: Topic, group: string): LogReader {
    return this.readers([topic], group)[topic];
  }

  readers<Name extends Topic>(topics: readonly Name[], group: string): Readonly<Record<Name, LogReader>> {
    const { config, deps } = this;
    const member = new KafkaMember(
      { topics, group, config, names: this.#names },
      {
        ...deps,
        offsets: () => this.#source().offsets,
        kafka: () => this.#source().consumers,
        lost: this.#lost,
        onClosed: (closed) => this.#members.delete(closed),
      },
    );
    this.#members.add(member);
    if (this.#opened !== undefined) member.start();
    return readersOf(topics, (topic) => member.readers.get(topic)!);
  }

  /** By a group of its own, of which nothing is left once it is over: a consumer must have one. */
  async *scan(topic: Topic, signal: AbortSignal): AsyncGenerator<readonly StoredRecord[], void, undefined> {
    const reader = this.reader(topic, `scan.${randomUUID()}`);
    try {
      for (;;) {
        const records = await reader.poll(AT_ONCE, signal);
        signal.throwIfAborted();
        if (records.length === 0) return;
        yield records;
      }
    } finally {
      await reader.close();
    }
  }

  async endOffsets(topic: Topic): Promise<ReadonlyMap<number, number>> {
    const bounds = await this.#source().offsets.bounds(topic);
    return new Map([...bounds].map(([partition, { high }]) => [partition, high]));
  }

  async lag(topic: Topic, group: string): Promise<number> {
    const { offsets } = this.#source();
    const committed = await offsets.committed(topic, group);
    let lag = 0;
    for (const [partition, { low, high }] of await offsets.bounds(topic))
      lag += Math.max(0, high - Math.max(low, committed.get(partition) ?? 0));
    return lag;
  }

  /** Kafka removes whole segments by age and never one record, so retention is what takes them out. */
  async erase(): Promise<null> {
    this.#source();
    return null;
  }

  #source(): OpenLog {
    if (this.#opened !== undefined) return this.#opened;
    throw new PipelineError(
      'BUS_CLOSED',
      `expected the bus on Kafka at ${this.config.brokers.join(', ')} to be open, but it is not started or was stopped`,
    );
  }

  /** Also how it is found that a broker answers again while nobody sends: who is told to wait sends nothing. */
  async #keepRefreshing({ offsets, producer }: OpenLog): Promise<void> {
    const { clock, logger } = this.deps;
    let refreshedAtMs = clock.nowMs();
    while (!this.#stopped.signal.aborted) {
      await clock.sleep(PROBE_EVERY_MS, this.#stopped.signal);
      const isDue = producer.problem() !== undefined || clock.nowMs() - refreshedAtMs >= REFRESH_EVERY_MS;
      if (!isDue || isAborted(this.#stopped.signal)) continue;
      try {
        await offsets.refresh();
        producer.forgetProblem();
        refreshedAtMs = clock.nowMs();
      } catch (error) {
        logger.warn({ error }, 'Kafka did not answer; nothing that was acknowledged is lost, it is asked again');
      }
    }
  }
}

/** A call, because the compiler takes a signal that was not aborted for one that never is. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
