import type { Admin, Kafka } from 'kafkajs';
import type { Clock } from '../../core/clock.js';
import { PipelineError } from '../../core/errors.js';
import type { Topic } from '../../core/log.js';
import type { KafkaNames } from '../topics.js';
import { isElecting, toBusError, type Attempt, type FaultPlace } from './faults.js';

/** A partition without leader has one within a second or two, or it is an outage. */
const TRY_AGAIN_MS = 200;
const MOST_TRIES = 15;

/** What a partition holds: the first offset that is still there, and one past the newest. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

/** Asks the brokers where topics begin and end, and how far groups are. Every answer is of now. */
export class KafkaOffsets {
  readonly #admin: Admin;
  readonly #partitions = new Map<Topic, number>();

  constructor(
    kafka: Kafka,
    private readonly place: FaultPlace & { readonly names: KafkaNames },
    private readonly clock: Clock,
  ) {
    this.#admin = kafka.admin();
  }

  /** @throws {PipelineError} BUS_UNAVAILABLE, which names the topics that are missing */
  async connect(): Promise<void> {
    await this.#ask('connect', () => this.#admin.connect());
    const there = new Set(await this.#ask('list its topics', () => this.#admin.listTopics()));
    const { brokers, names, sasl } = this.place;
    const missing = [...names.topics.values()].filter((name) => !there.has(name));
    if (missing.length > 0) {
      throw new PipelineError(
        'BUS_UNAVAILABLE',
        `expected Kafka at ${brokers.join(', ')} to have the topics ${missing.join(', ')}, but it has not; ${names.remedy}${sasl === undefined ? '' : `, or grant ${sasl.username} Describe on them, since it sees no others`}`,
      );
    }
    await this.refresh();
  }

  async disconnect(): Promise<void> {
    await this.#admin.disconnect().catch(() => undefined);
  }

  /** Looks how many partitions each topic has now. */
  async refresh(): Promise<void> {
    const byName = new Map([...this.place.names.topics].map(([topic, name]) => [name, topic]));
    const { topics } = await this.#ask('look at its topics', () =>
      this.#admin.fetchTopicMetadata({ topics: [...byName.keys()] }),
    );
    for (const { name, partitions } of topics) {
      const topic = byName.get(name);
      if (topic !== undefined) this.#partitions.set(topic, partitions.length);
    }
  }

  /** @throws {PipelineError} BUS_CLOSED before it was connected */
  partitionsOf(topic: Topic): number {
    const count = this.#partitions.get(topic);
    if (count !== undefined) return count;
    throw new PipelineError('BUS_CLOSED', `expected the bus on Kafka to be open for ${topic}, but it is not started`);
  }

  /** @throws {PipelineError} BUS_UNAVAILABLE */
  async bounds(topic: Topic): Promise<ReadonlyMap<number, Bounds>> {
    const name = this.#nameOf(topic);
    const found = await this.#ask(`read the ends of ${name}`, () => this.#admin.fetchTopicOffsets(name));
    return new Map(found.map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high) }]));
  }

  /**
   * By partition, all of them; 0 where nothing was committed.
   * @throws {PipelineError} BUS_UNAVAILABLE
   */
  async committed(topic: Topic, group: string): Promise<ReadonlyMap<number, number>> {
    const name = this.#nameOf(topic);
    const groupId = this.place.names.group(group);
    const asked = { what: `read the offsets of the group ${groupId}`, right: `Describe on the group ${groupId}` };
    const found = await this.#ask(asked, () => this.#admin.fetchOffsets({ groupId, topics: [name] }));
    const offsets = new Map<number, number>();
    for (let partition = 0; partition < this.partitionsOf(topic); partition += 1) offsets.set(partition, 0);
    for (const { partitions } of found)
      // -1 where nothing was committed, -2 where the first that is left was asked for.
      for (const { partition, offset } of partitions) offsets.set(partition, Math.max(0, Number(offset)));
    return offsets;
  }

  #nameOf(topic: Topic): string {
    const name = this.place.names.topics.get(topic);
    if (name === undefined) throw new RangeError(`expected one of the topics that are read here, got ${topic}`);
    return name;
  }

  async #ask<T>(what: Attempt | string, question: () => Promise<T>): Promise<T> {
    for (let tried = 1; ; tried += 1) {
      try {
        return await question();
      } catch (error) {
        if (tried >= MOST_TRIES || !isElecting(error)) throw toBusError(what, error, this.place);
      }
      await this.clock.sleep(TRY_AGAIN_MS);
    }
  }
}
