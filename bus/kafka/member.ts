import type { EachBatchPayload } from 'kafkajs';
import type { PipelineError } from '../../core/errors.js';
import type { Topic } from '../../core/log.js';
import type { KafkaNames } from '../topics.js';
import {
  SupervisedConsumer,
  type Assignment,
  type ConsumerDeps,
  type ConsumerHooks,
  type PartitionPlace,
} from './consumer.js';
import { givenUp, type FaultPlace } from './faults.js';
import { KafkaReader, type Feed, type ReaderDeps, type Turns } from './reader.js';

export interface MemberOptions {
  readonly topics: readonly Topic[];
  readonly group: string;
  readonly config: FaultPlace;
  readonly names: KafkaNames;
}

export interface MemberDeps extends Omit<ReaderDeps, 'feed'>, Omit<ConsumerDeps, 'hooks' | 'answers' | 'onGivenUp'> {
  readonly onClosed: (member: KafkaMember) => void;
  /** Told when it has been without its partitions, or without what lies there, for too long although the brokers answer. */
  readonly onGivenUp?: ((error: PipelineError) => void) | undefined;
}

/** One member of a group, and a reader of it for each of its topics. It leaves the group when all of them are closed. */
export class KafkaMember {
  readonly readers: ReadonlyMap<Topic, KafkaReader>;
  readonly #consumer: SupervisedConsumer;
  readonly #byName: ReadonlyMap<string, KafkaReader>;
  readonly #open: Set<Topic>;
  readonly #giveUp: (reason: string, cause: unknown) => void;
  #memberId = '';
  /** Of each partition, whatever its topic: when it came, as the number of that assignment. */
  #turns: Turns = new Map();
  #assignments = 0;

  constructor(
    { topics, group, config, names }: MemberOptions,
    private readonly deps: MemberDeps,
  ) {
    const nameOf = (topic: Topic): string => names.topics.get(topic) ?? topic;
    this.#open = new Set(topics);
    this.readers = new Map(
      topics.map((topic) => [
        topic,
        new KafkaReader({ topic, group, config }, { ...deps, feed: this.#feedOf(topic, nameOf(topic)) }),
      ]),
    );
    this.#byName = new Map([...this.readers].map(([topic, reader]) => [nameOf(topic), reader]));
    const hooks: ConsumerHooks = {
      onAssigned: (assignment: Assignment, memberId: string) => {
        this.#assign(assignment, memberId);
      },
      onLost: () => {
        for (const reader of this.readers.values()) reader.lose();
      },
      onBatch: (payload: EachBatchPayload) => {
        this.#take(payload);
      },
      onPassed: ({ topic, partition }: PartitionPlace, first: number, next: number) => {
        this.#byName.get(topic)?.pass(partition, { first, next });
      },
    };
    const { sessionTimeoutMs, giveUpMs } = config;
    const groupId = names.group(group);
    this.#giveUp = (reason, cause) => deps.onGivenUp?.(givenUp(groupId, reason, { config, cause }));
    this.#consumer = new SupervisedConsumer(
      { groupId, topics: topics.map(nameOf), sessionTimeoutMs, giveUpMs },
      { ...deps, hooks, answers: () => answers(deps.offsets), onGivenUp: this.#giveUp },
    );
  }

  /** Joins the group, in the background and for as long as a reader is open. */
  start(): void {
    if (this.#open.size > 0) this.#consumer.start();
  }

  async close(): Promise<void> {
    await Promise.all([...this.readers.values()].map((reader) => reader.close()));
  }

  #assign(assignment: Assignment, memberId: string): void {
    // A member of another name was none in between: what it had, others may have had.
    const before = memberId === this.#memberId ? this.#turns : new Map<number, number>();
    this.#memberId = memberId;
    this.#assignments += 1;
    const turns = new Map<number, number>();
    for (const partitions of Object.values(assignment))
      for (const partition of partitions) turns.set(partition, before.get(partition) ?? this.#assignments);
    this.#turns = turns;
    for (const [name, reader] of this.#byName)
      reader.assign(new Map((assignment[name] ?? []).map((partition) => [partition, turns.get(partition)!])));
  }

  #take(payload: EachBatchPayload): void {
    const { batch } = payload;
    // Sought elsewhere meanwhile: the next fetch is from there.
    if (payload.isStale()) return;
    this.#byName.get(batch.topic)?.take(payload);
    payload.resolveOffset(batch.lastOffset());
  }

  #feedOf(topic: Topic, name: string): Feed {
    return {
      seek: (partition, offset) => {
        this.#consumer.seek({ topic: name, partition }, offset);
      },
      setPaused: (partition, isPaused) => {
        this.#consumer.setPaused({ topic: name, partition }, isPaused);
      },
      commit: (partition, offset) => this.#consumer.commit({ topic: name, partition }, offset),
      restart: (reason) => {
        this.#consumer.restart(reason);
      },
      giveUp: (reason) => {
        this.#giveUp(reason, undefined);
      },
      close: async () => {
        if (!this.#open.delete(topic) || this.#open.size > 0) return;
        await this.#consumer.stop();
        this.deps.onClosed(this);
      },
    };
  }
}

async function answers(offsets: MemberDeps['offsets']): Promise<boolean> {
  try {
    await offsets().refresh();
    return true;
  } catch {
    return false;
  }
}
