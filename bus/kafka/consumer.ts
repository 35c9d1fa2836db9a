import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import type { Clock } from '../../core/clock.js';
import type { Logger } from '../../core/logger.js';
import { coPartitioned } from './assigner.js';
import { PATIENT } from './client.js';
import { faultOf } from './faults.js';

/** How long the broker holds back an answer that would be empty. A seek waits that long too. */
const FETCH_WAIT_MS = 250;
const FETCH_PARTITION_BYTES = 1_048_576;
const FETCH_BYTES = 8 * 1_048_576;
const METADATA_MAX_AGE_MS = 15_000;
/** A batch is taken in at once; of so many at a time the heartbeat behind it is waited for. */
const PARTITIONS_AT_ONCE = 32;
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 10_000;
/** kafkajs tells of a join a moment before it can be left again. */
const JOINED_MS = 200;
/** A consumer that does not let go within this is left behind. */
const DISCONNECT_MS = 5_000;

export interface ConsumerOptions {
  readonly groupId: string;
  /** Names of the topics on the broker. */
  readonly topics: readonly string[];
  readonly sessionTimeoutMs: number;
  /** How long it may be without a place in its group, while the brokers answer others. */
  readonly giveUpMs: number;
}

export interface ConsumerDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly hooks: ConsumerHooks;
  /** @throws {PipelineError} while the log is not open */
  readonly kafka: () => Kafka;
  /** Whether the brokers answer something else at the moment. */
  readonly answers: () => Promise<boolean>;
  /** Told once, with why, when it has been without a place for too long; it goes on trying. */
  readonly onGivenUp: (reason: string, cause: unknown) => void;
}

/** By name of the topic on the broker. */
export type Assignment = Readonly<Record<string, readonly number[]>>;

/** A partition of a topic on the broker. */
export interface PartitionPlace {
  readonly topic: string;
  readonly partition: number;
}

/** What its owner is told. */
export interface ConsumerHooks {
  /**
   * It has joined, or joined again; from now on it reads these partitions, from what the group committed.
   * @param memberId - the same as before when it was a member all the time, so that nobody else has had what it had and has
   */
  onAssigned(assignment: Assignment, memberId: string): void;
  /** It reads nothing until it has joined again. */
  onLost(): void;
  onBatch(payload: EachBatchPayload): void;
  /** It was fetched that nothing lies from one offset to before another, such as a mark that ends a transaction. */
  onPassed(place: PartitionPlace, first: number, next: number): void;
}

/**
 * A member of a group that stays one: kafkajs restarts a consumer by itself where it holds an error for passing, and ends it
 * for good otherwise; then a new one is made, until it is told to stop.
 */
export class SupervisedConsumer {
  readonly #stopped = new AbortController();
  #consumer: Consumer | undefined;
  #restart: ((reason: Error) => void) | undefined;
  #running: Promise<void> | undefined;
  /** Of several that kafkajs may still have, the one that counts. */
  #current: symbol | undefined;
  #hasJoined = false;
  #lastFault: unknown = new Error('it did not answer');

  constructor(
    private readonly options: ConsumerOptions,
    private readonly deps: ConsumerDeps,
  ) {}

  start(): void {
    if (this.#running !== undefined) return;
    this.#running = this.#keepRunning();
    void this.#watchOver();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#restart?.(new Error('it was told to stop'));
    await this.#running;
  }

  /** Replaces a consumer that seems to be stuck. */
  restart(reason: string): void {
    this.#restart?.(new Error(reason));
  }

  /** Reads on from here at the next fetch. Without effect while it has not joined. */
  seek(place: PartitionPlace, offset: number): void {
    this.#consumer?.seek({ ...place, offset: String(offset) });
  }

  /** Fetches nothing more of it, or goes on to. Without effect while it has not joined: whoever joins fetches everything. */
  setPaused({ topic, partition }: PartitionPlace, isPaused: boolean): void {
    const place = [{ topic, partitions: [partition] }];
    if (isPaused) this.#consumer?.pause(place);
    else this.#consumer?.resume(place);
  }

  /** @throws {Error} of kafkajs, or because it has not joined */
  async commit(place: PartitionPlace, offset: number): Promise<void> {
    if (this.#consumer === undefined)
      throw new Error(`the consumer of ${this.options.groupId} has not joined its group`);
    await this.#consumer.commitOffsets([{ ...place, offset: String(offset) }]);
  }

  async #keepRunning(): Promise<void> {
    const { clock, logger, random } = this.deps;
    let joinedAtMs = 0;
    for (let waitMs = FIRST_WAIT_MS; !this.#stopped.signal.aborted; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
      joinedAtMs = clock.nowMs();
      const reason = await this.#runOne();
      if (hasHappened(() => this.#stopped.signal.aborted)) return;
      if (clock.nowMs() - joinedAtMs > LONGEST_WAIT_MS) waitMs = FIRST_WAIT_MS;
      this.#noteFault(reason);
      const { name, type, message } = faultOf(reason);
      logger.warn(
        { group: this.options.groupId, fault: type === '' ? name : type, reason: message, waitMs },
        'a consumer of Kafka ended; nothing is lost, a new one takes its place',
      );
      await clock.sleep(waitMs * (0.5 + random()), this.#stopped.signal);
    }
  }

  /** The last resort, where kafkajs and new consumers do not help. */
  async #watchOver(): Promise<void> {
    const { clock, answers, onGivenUp } = this.deps;
    const { giveUpMs } = this.options;
    let joinedAtMs = clock.nowMs();
    while (!hasHappened(() => this.#stopped.signal.aborted)) {
      // Nobody can join while nobody answers.
      if (this.#hasJoined || !(await answers())) joinedAtMs = clock.nowMs();
      if (clock.nowMs() - joinedAtMs > giveUpMs) {
        const { name, type, message } = faultOf(this.#lastFault);
        const fault = [type, message, name].find((text) => text !== '') ?? '';
        onGivenUp(`it had no place in its group for ${Math.round(giveUpMs / 1_000)} s (${fault})`, this.#lastFault);
        return;
      }
      await clock.sleep(Math.min(LONGEST_WAIT_MS, giveUpMs / 4), this.#stopped.signal);
    }
  }

  #noteFault(reason: unknown): void {
    this.#hasJoined = false;
    this.#lastFault = reason;
  }

  /** @returns why it ended */
  async #runOne(): Promise<unknown> {
    const { groupId, sessionTimeoutMs } = this.options;
    const made = Symbol('one consumer');
    this.#current = made;
    let consumer: Consumer | undefined;
    try {
      consumer = this.deps.kafka().consumer({
        groupId,
        partitionAssigners: [coPartitioned],
        sessionTimeout: sessionTimeoutMs,
        heartbeatInterval: Math.floor(sessionTimeoutMs / 5),
        metadataMaxAge: METADATA_MAX_AGE_MS,
        maxWaitTimeInMs: FETCH_WAIT_MS,
        maxBytesPerPartition: FETCH_PARTITION_BYTES,
        maxBytes: FETCH_BYTES,
        allowAutoTopicCreation: false,
        retry: { ...PATIENT, restartOnFailure: async () => this.#current === made },
      });
      const ended = this.#watch(consumer);
      // Joining may take long while the broker is away, and must not hold up whoever stops it.
      return await Promise.race([ended, this.#join(consumer, ended)]);
    } catch (error) {
      return error;
    } finally {
      this.#restart = undefined;
      this.#consumer = undefined;
      this.#current = undefined;
      // What it still holds would hold up its end.
      this.deps.hooks.onLost();
      if (consumer !== undefined) await this.#letGo(consumer);
    }
  }

  async #join(consumer: Consumer, ended: Promise<unknown>): Promise<unknown> {
    const { hooks } = this.deps;
    let isOver = false;
    void ended.then(() => {
      isOver = true;
    });
    await consumer.connect();
    if (!hasHappened(() => isOver)) await consumer.subscribe({ topics: [...this.options.topics], fromBeginning: true });
    if (hasHappened(() => isOver)) return ended;
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
      async eachBatch(payload) {
        if (hasHappened(() => isOver)) throw new Error('this consumer has been replaced');
        hooks.onBatch(payload);
        await payload.heartbeat();
      },
    });
    // One that was given up while it joined would stay in the group.
    if (hasHappened(() => isOver)) await consumer.disconnect();
    return ended;
  }

  /** Resolves with the reason once kafkajs, or somebody here, ends it. */
  #watch(consumer: Consumer): Promise<unknown> {
    const { GROUP_JOIN, CRASH, START_BATCH_PROCESS } = consumer.events;
    return new Promise((resolve) => {
      this.#restart = resolve;
      if (this.#stopped.signal.aborted) resolve(new Error('it was told to stop'));
      consumer.on(GROUP_JOIN, ({ payload }) => {
        // One that was given up while it joined would be a second member, which keeps partitions from the one that counts.
        if (this.#restart !== resolve) {
          void this.deps.clock.sleep(JOINED_MS).then(() => this.#letGo(consumer));
          return;
        }
        this.#consumer = consumer;
        this.#hasJoined = true;
        this.deps.hooks.onAssigned(payload.memberAssignment, payload.memberId);
      });
      // Told of every batch; those without a message do not come to `onBatch`.
      consumer.on(START_BATCH_PROCESS, ({ payload }) => {
        const { batchSize, lastOffset } = payload;
        const firstOffset = payload.firstOffset as string | null;
        if (this.#restart === resolve && batchSize === 0 && firstOffset !== null)
          this.deps.hooks.onPassed(payload, Number(firstOffset), Number(lastOffset) + 1);
      });
      consumer.on(CRASH, ({ payload }) => {
        if (this.#restart === resolve) this.#noteFault(payload.error);
        if (!payload.restart) resolve(payload.error);
      });
    });
  }

  async #letGo(consumer: Consumer): Promise<void> {
    const waited = new AbortController();
    await Promise.race([
      consumer.disconnect().catch(() => undefined),
      this.deps.clock.sleep(DISCONNECT_MS, waited.signal),
    ]);
    waited.abort();
  }
}

/** A call, because the compiler takes a variable that was just false to stay so. */
function hasHappened(ask: () => boolean): boolean {
  return ask();
}
