import type { Kafka } from 'kafkajs';
import type { Component } from '../../core/component.js';
import { PipelineError } from '../../core/errors.js';
import type { Log, LogReader, Topic } from '../../core/log.js';
import type { KafkaSourceConfig } from '../config.js';
import type { KafkaNames } from '../topics.js';
import { connectOnce, makeClient, NO_RETRY, PATIENT } from './client.js';
import { isAway, toBusError } from './faults.js';
import type { KafkaLogDeps } from './kafka-log.js';
import { createLostBatches } from './lost-batches.js';
import { KafkaMember } from './member.js';
import { KafkaOffsets } from './offsets.js';

/** Between two tries to find brokers that were away at the start. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

/** Topics that somebody else writes. */
export interface ForeignTopics extends Component {
  /** Read as if they were ours: traces as `spans`, logs as `logs`. Each value is a whole OTLP request, of any number of traces. */
  readonly readers: readonly ForeignReader[];
}

export interface KafkaSourceDeps extends KafkaLogDeps {
  /** Takes the dead letters. */
  readonly log: Pick<Log, 'append'>;
}

/** A reader of one of them. */
export interface ForeignReader {
  readonly topic: 'spans' | 'logs';
  /** What its owner calls it. */
  readonly name: string;
  readonly reader: LogReader;
}

/** Reads topics that an OpenTelemetry Collector writes, as one group with all the other receivers. */
export class KafkaSource implements ForeignTopics {
  readonly readers: ForeignTopics['readers'];
  readonly #member: KafkaMember;
  readonly #stopped = new AbortController();
  #opened: { readonly kafka: Kafka; readonly offsets: KafkaOffsets } | undefined;
  #connecting: Promise<void> | undefined;

  constructor(
    private readonly config: KafkaSourceConfig,
    private readonly deps: KafkaSourceDeps,
  ) {
    const names = namesOf(config);
    const topics = (['spans', 'logs'] as const).filter((topic) => names.topics.has(topic));
    this.#member = new KafkaMember(
      { topics, group: config.group, config, names },
      {
        ...deps,
        offsets: () => this.#source().offsets,
        kafka: () => this.#source().kafka,
        lost: createLostBatches(
          { keeps: () => true, placeOf: (topic) => `source:${names.topics.get(topic) ?? topic}` },
          deps,
        ),
        onClosed: () => undefined,
      },
    );
    this.readers = topics.map((topic) => ({
      topic,
      name: names.topics.get(topic)!,
      reader: this.#member.readers.get(topic)!,
    }));
  }

  /**
   * While no broker answers it goes on without, and finds them by itself later: who receives has others to receive from.
   * @throws {PipelineError} BUS_UNAVAILABLE when the login is refused, a certificate is not trusted or a topic is missing
   */
  async start(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      if (!isAway(error)) throw error;
      this.deps.logger.warn(
        { problem: messageOf(error) },
        'the brokers of bus.source are away: their topics are taken in once they answer',
      );
      this.#connecting = this.#keepConnecting();
    }
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#connecting;
    await this.#member.close();
    await this.#opened?.offsets.disconnect();
    this.#opened = undefined;
  }

  async #open(): Promise<void> {
    const { config, deps } = this;
    await this.#findBrokers();
    const kafka = makeClient(config, deps.logger, PATIENT);
    const offsets = new KafkaOffsets(kafka, { ...config, names: namesOf(config) }, deps.clock);
    try {
      await offsets.connect();
    } catch (error) {
      await offsets.disconnect();
      throw error;
    }
    this.#opened = { kafka, offsets };
    this.#member.start();
  }

  /** Without retries, so that what is wrong is said at once. */
  async #findBrokers(): Promise<void> {
    const admin = makeClient(this.config, this.deps.logger, NO_RETRY).admin();
    try {
      await connectOnce(this.config, admin);
    } catch (error) {
      throw toBusError('connect', error, this.config);
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  }

  async #keepConnecting(): Promise<void> {
    const { clock, logger, random } = this.deps;
    const { signal } = this.#stopped;
    let said = '';
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
      await clock.sleep(waitMs * (0.5 + random()), signal);
      if (signal.aborted) return;
      try {
        await this.#open();
        logger.info({}, 'the brokers of bus.source answer, and their topics are taken in');
        return;
      } catch (error) {
        const problem = messageOf(error);
        // That they are away was said; what somebody has to change was not.
        if (!isAway(error) && problem !== said)
          logger.error({ problem }, 'bus.source cannot be read; it is tried again');
        said = problem;
      }
    }
  }

  #source(): { readonly kafka: Kafka; readonly offsets: KafkaOffsets } {
    if (this.#opened !== undefined) return this.#opened;
    throw new PipelineError('BUS_CLOSED', 'expected the topics of bus.source to be open, but they are not started');
  }
}

function namesOf({ tracesTopic, logsTopic }: KafkaSourceConfig): KafkaNames {
  const topics = new Map<Topic, string>();
  if (tracesTopic !== undefined) topics.set('spans', tracesTopic);
  if (logsTopic !== undefined) topics.set('logs', logsTopic);
  return { topics, group: (group) => group, remedy: 'create them, or correct the names in bus.source' };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
