import kafkajs, {
  type Kafka,
  type PartitionMetadata,
  type Producer,
  type RecordMetadata,
  type TopicMessages,
} from 'kafkajs';
import type { Clock } from '../../core/clock.js';
import { PipelineError } from '../../core/errors.js';
import type { LogRecord, Topic } from '../../core/log.js';
import type { KafkaConfig } from '../config.js';
import { topicName } from '../topics.js';
import { connectOnce, NO_RETRY } from './client.js';
import { isTooLarge, noAnswer, toBusError, type Attempt } from './faults.js';
import { RecordQueue, sizeOf, type Append, type Entry } from './record-queue.js';

/** Below Kafka's default limit of 1,048,588 bytes for a batch, which also holds for what is not compressible. */
const MAX_BATCH_BYTES = 1_000_000;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;
/** After so many failures one after the other the producer is made anew: a connection may be stuck in a state of its own. */
const RENEW_AFTER = 4;
const METADATA_MAX_AGE_MS = 15_000;

export interface ProducerDeps {
  readonly clock: Clock;
  readonly random: () => number;
  /** @throws {PipelineError} when the partitions of the topic are not known */
  readonly partitionsOf: (topic: Topic) => number;
}

/**
 * Sends records, and knows of each whether it was written. Never by kafkajs's idempotent mode: when a reply is lost that one
 * takes its sequence number back, and the next record is taken for the lost one's copy and dropped, as if it were written.
 * Here a lost reply makes a duplicate.
 *
 * One request at a time, so that a key keeps its order also when a request is tried again.
 */
export class KafkaProducer {
  readonly #queue = new RecordQueue(MAX_BATCH_BYTES);
  readonly #partition = kafkajs.Partitioners.DefaultPartitioner();
  readonly #metadata = new Map<number, PartitionMetadata[]>();
  #producer: Producer;
  #isConnected = false;
  #sending: Promise<void> | undefined;
  #problem: PipelineError | undefined;
  #failures = 0;

  constructor(
    private readonly kafka: Kafka,
    private readonly config: KafkaConfig,
    private readonly deps: ProducerDeps,
  ) {
    this.#producer = this.#make();
  }

  /** @throws {PipelineError} BUS_UNAVAILABLE after each broker of the settings was tried once */
  async connect(): Promise<void> {
    try {
      await connectOnce(this.config, { connect: () => this.#connectOnce() });
    } catch (error) {
      throw toBusError('connect', error, this.config);
    }
  }

  /** A broker has answered something else: the next records are tried again. */
  forgetProblem(): void {
    this.#problem = undefined;
  }

  /** Why the last request failed; undefined when it did not. */
  problem(): PipelineError | undefined {
    return this.#problem;
  }

  /**
   * Resolves when all were acknowledged by all replicas in sync; `Log.append` says the rest.
   * @param giveUp - when it aborts, what was not acknowledged is given up at once, also while a request hangs
   */
  async append(records: readonly LogRecord[], giveUp?: AbortSignal): Promise<void> {
    if (giveUp?.aborted === true) throw this.#whyNot();
    let append: Append | undefined;
    const abandon = (): void => {
      if (append !== undefined) fail(append, this.#whyNot());
    };
    giveUp?.addEventListener('abort', abandon);
    try {
      await new Promise<void>((resolve, reject) => {
        const deadlineMs = this.deps.clock.nowMs() + this.config.appendTimeoutMs;
        append = { left: records.length, deadlineMs, isSettled: false, resolve, reject };
        this.#enqueue(records, append);
      });
    } finally {
      giveUp?.removeEventListener('abort', abandon);
    }
  }

  /** Sends what was appended, as long as it may take, and disconnects. */
  async close(): Promise<void> {
    await this.#sending;
    await this.#producer.disconnect().catch(() => undefined);
  }

  #enqueue(records: readonly LogRecord[], append: Append): void {
    // Before the first is queued: none of them is sent when one cannot be.
    const partitions = records.map((record) => this.#partitionOf(record));
    records.forEach((record, at) => {
      this.#queue.push({ record, partition: partitions[at] ?? 0, append });
    });
    // Together with what else is appended in this turn.
    this.#sending ??= Promise.resolve().then(() => this.#sendAll());
  }

  #whyNot(): PipelineError {
    return this.#problem ?? noAnswer(this.config);
  }

  async #connectOnce(): Promise<void> {
    if (this.#isConnected) return;
    await this.#producer.connect();
    this.#isConnected = true;
  }

  #make(): Producer {
    return this.kafka.producer({
      idempotent: false,
      allowAutoTopicCreation: false,
      metadataMaxAge: METADATA_MAX_AGE_MS,
      retry: NO_RETRY,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
  }

  #partitionOf({ topic, key, toPartition }: LogRecord): number {
    if (toPartition !== undefined) return toPartition;
    const partitionMetadata = this.#metadataOf(this.deps.partitionsOf(topic));
    return this.#partition({ topic, partitionMetadata, message: { key, value: null } });
  }

  /** Of a topic with so many partitions, which is all that a record with a key is placed by. */
  #metadataOf(count: number): PartitionMetadata[] {
    const known = this.#metadata.get(count);
    if (known !== undefined) return known;
    const one = { partitionErrorCode: 0, leader: 0, replicas: [], isr: [] };
    const made = Array.from({ length: count }, (_, partitionId) => ({ ...one, partitionId }));
    this.#metadata.set(count, made);
    return made;
  }

  async #sendAll(): Promise<void> {
    for (;;) {
      const entries = this.#queue.take();
      if (entries.length === 0) break;
      await this.#deliver(entries);
    }
    // In the turn in which the queue was seen empty, or what comes now would wait for ever.
    this.#sending = undefined;
  }

  async #deliver(entries: readonly Entry[]): Promise<void> {
    let left = entries;
    for (let waitMs = FIRST_WAIT_MS; left.length > 0; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
      try {
        await this.#send(left);
        this.#failures = 0;
        this.#problem = undefined;
        for (const { append } of left) acknowledge(append);
        return;
      } catch (error) {
        if (isTooLarge(error)) return this.#deliverApart(left);
        const problem = toBusError(writingTo(left, this.config), error, this.config);
        this.#problem = problem;
        left = this.#stillInTime(left, waitMs, problem);
        this.#recover();
      }
      if (left.length > 0) await this.deps.clock.sleep(waitMs * (0.5 + this.deps.random()));
      // Who was answered meanwhile may use the memory of its records for others.
      left = left.filter(({ append }) => !append.isSettled);
    }
  }

  async #deliverApart(entries: readonly Entry[]): Promise<void> {
    const [only] = entries;
    if (only !== undefined && entries.length === 1) {
      const { topic, key } = only.record;
      const name = topicName(topic, this.config);
      const message = `expected a record of at most max.message.bytes of the topic ${name}, got ${sizeOf(only.record)} bytes under the key ${key}; send smaller batches, or raise it on the topic`;
      fail(only.append, new PipelineError('RECORD_TOO_LARGE', message));
      return;
    }
    for (const entry of entries) if (!entry.append.isSettled) await this.#deliver([entry]);
  }

  /** Answers those whose time is over before the next try. */
  #stillInTime(entries: readonly Entry[], waitMs: number, problem: PipelineError): readonly Entry[] {
    const nextMs = this.deps.clock.nowMs() + waitMs;
    for (const { append } of entries) if (append.deadlineMs < nextMs) fail(append, problem);
    for (const append of this.#queue.expired(nextMs)) fail(append, problem);
    return entries.filter(({ append }) => !append.isSettled);
  }

  #recover(): void {
    this.#failures += 1;
    if (this.#failures % RENEW_AFTER !== 0) return;
    const old = this.#producer;
    this.#producer = this.#make();
    // Its end is not waited for: it may hang, which is why it is replaced.
    void old.disconnect().catch(() => undefined);
    this.#isConnected = false;
  }

  async #send(entries: readonly Entry[]): Promise<void> {
    const { CompressionTypes } = kafkajs;
    const compression = {
      none: CompressionTypes.None,
      gzip: CompressionTypes.GZIP,
      lz4: CompressionTypes.LZ4,
      zstd: CompressionTypes.ZSTD,
    }[this.config.compression];
    const topicMessages = toMessages(entries, this.config);
    await this.#connectOnce();
    const timeout = this.config.requestTimeoutMs;
    const results = await this.#producer.sendBatch({ acks: -1, timeout, compression, topicMessages });
    requireAll(entries, results, this.config);
  }
}

function writingTo(entries: readonly Entry[], config: KafkaConfig): Attempt {
  const names = [...new Set(entries.map(({ record }) => topicName(record.topic, config)))].join(', ');
  return { what: `write to ${names}`, right: `Write on the topic ${names}` };
}

/**
 * Values are copied: kafkajs may still hold a request that it has given up, and their memory is the caller's again then.
 */
function toMessages(entries: readonly Entry[], config: KafkaConfig): TopicMessages[] {
  const byTopic = new Map<Topic, TopicMessages>();
  for (const { record, partition } of entries) {
    const { topic, key, value, headers } = record;
    const of = byTopic.get(topic) ?? { topic: topicName(topic, config), messages: [] };
    byTopic.set(topic, of);
    of.messages.push({ key, partition, value: Buffer.from(value), headers: { ...headers } });
  }
  return [...byTopic.values()];
}

/** kafkajs answers a send to a partition that it does not know with success and nothing in it. */
function requireAll(entries: readonly Entry[], results: readonly RecordMetadata[], config: KafkaConfig): void {
  const written = new Set(results.map(({ topicName: name, partition }) => `${name}/${partition}`));
  for (const { record, partition } of entries) {
    const place = `${topicName(record.topic, config)}/${partition}`;
    if (!written.has(place)) throw new Error(`no broker confirmed partition ${place}`);
  }
}

function acknowledge(append: Append): void {
  append.left -= 1;
  if (append.left > 0 || append.isSettled) return;
  append.isSettled = true;
  append.resolve();
}

function fail(append: Append, error: PipelineError): void {
  if (append.isSettled) return;
  append.isSettled = true;
  append.reject(error);
}
