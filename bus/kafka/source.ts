import type { Kafka } from 'kafkajs';
import type { Component } from '../../core/component.js';
import { PipelineError } from '../../core/errors.js';
import type { LogReader, Topic } from '../../core/log.js';
import type { KafkaSourceConfig } from '../config.js';
import type { KafkaNames } from '../topics.js';
import { makeClient, PATIENT } from './client.js';
import type { KafkaLogDeps } from './kafka-log.js';
import { KafkaMember } from './member.js';
import { KafkaOffsets } from './offsets.js';

/** Topics that somebody else writes. */
export interface ForeignTopics extends Component {
  /** Read as if they were ours: traces as `spans`, logs as `logs`. Each value is a whole OTLP request, of any number of traces. */
  readonly readers: readonly (readonly [topic: 'spans' | 'logs', reader: LogReader])[];
}

/** Reads topics that an OpenTelemetry Collector writes, as one group with all the other receivers. */
export class KafkaSource implements ForeignTopics {
  readonly readers: ForeignTopics['readers'];
  readonly #member: KafkaMember;
  #opened: { readonly kafka: Kafka; readonly offsets: KafkaOffsets } | undefined;

  constructor(
    private readonly config: KafkaSourceConfig,
    private readonly deps: Omit<KafkaLogDeps, 'metrics'>,
  ) {
    const names = namesOf(config);
    const topics = [...names.topics.keys()] as ('spans' | 'logs')[];
    this.#member = new KafkaMember(
      { topics, group: config.group, config, names },
      {
        ...deps,
        offsets: () => this.#source().offsets,
        kafka: () => this.#source().kafka,
        onClosed: () => undefined,
      },
    );
    this.readers = topics.map((topic) => [topic, this.#member.readers.get(topic)!] as const);
  }

  /** @throws {PipelineError} BUS_UNAVAILABLE when no broker answers, the login is refused or a topic is missing */
  async start(): Promise<void> {
    const { config, deps } = this;
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

  async stop(): Promise<void> {
    await this.#member.close();
    await this.#opened?.offsets.disconnect();
    this.#opened = undefined;
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
