import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import type { Clock } from '../../core/clock.js';
import { PipelineError } from '../../core/errors.js';
import type { LogReader, PollOptions, StoredRecord, Topic } from '../../core/log.js';
import type { Logger } from '../../core/logger.js';
import type { KafkaConfig } from '../config.js';
import type { ConsumerHooks, SupervisedConsumer } from './consumer.js';
import { isRebalancing, toBusError } from './faults.js';
import type { KafkaOffsets } from './offsets.js';
import { PartitionBuffers, type Placed } from './partition-buffers.js';

/** Between two looks whether all was read that lies there. */
const LOOK_EVERY_MS = 250;
/** A reader that is behind and gets nothing for so long, or three sessions, has a consumer that is stuck. */
const STUCK_MS = 30_000;
/** How long a commit is tried while the group changes or the broker is away. */
const COMMIT_MS = 10_000;
const COMMIT_WAIT_MS = 200;

export interface ReaderOptions {
  readonly topic: Topic;
  readonly group: string;
  readonly config: KafkaConfig;
}

export interface ReaderDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** @throws {PipelineError} BUS_CLOSED while the log is not open */
  readonly offsets: () => KafkaOffsets;
  /** Makes the consumer that feeds this reader; it is started when the log is. */
  readonly consumer: (hooks: ConsumerHooks) => SupervisedConsumer;
  readonly onClosed: (reader: KafkaReader) => void;
}

/**
 * One member of a group, reading a topic of Kafka: kafkajs pushes batches, this holds one a partition until it is polled.
 *
 * An empty poll says that everything was read that lay there: what is behind waits longer than `waitMs`, as long as the broker
 * is away too. The sampler's clock and the writer's order rest on that.
 */
export class KafkaReader implements LogReader {
  readonly #buffers = new PartitionBuffers();
  readonly #consumer: SupervisedConsumer;
  readonly #closed = new AbortController();
  /** Next offset to give, by partition. Outlives the consumer: what was given is not given twice to the same reader. */
  readonly #positions = new Map<number, number>();
  /** What this member knows of the group's offsets; what others commit is learnt at the next assignment. */
  #committed: Map<number, number> | undefined;
  #assigned: ReadonlySet<number> | undefined;
  #soughtBeforeJoin = new Map<number, number>();
  #paused = false;
  #sleeper: AbortController | undefined;
  #fedAtMs: number;

  constructor(
    private readonly options: ReaderOptions,
    private readonly deps: ReaderDeps,
  ) {
    this.#fedAtMs = deps.clock.nowMs();
    this.#consumer = deps.consumer({
      onAssigned: (partitions) => {
        this.#assign(partitions);
      },
      onLost: () => {
        this.#buffers.dropAll();
      },
      onBatch: (payload) => this.#take(payload),
    });
  }

  /** Joins the group, in the background and for as long as it is open. */
  start(): void {
    if (!this.#closed.signal.aborted) this.#consumer.start();
  }

  async poll(options: PollOptions, signal: AbortSignal): Promise<readonly StoredRecord[]> {
    this.#requireOpen();
    const { clock } = this.deps;
    const untilMs = clock.nowMs() + options.waitMs;
    for (;;) {
      if (signal.aborted || this.#closed.signal.aborted) return [];
      const records = this.#paused ? [] : this.#give(options);
      if (records.length > 0) return records;
      const leftMs = untilMs - clock.nowMs();
      if (leftMs <= 0 && (this.#paused || (await this.#hasReadAll(signal))))
        return this.#paused ? [] : this.#give(options);
      if (this.#paused || this.#buffers.isEmpty) await this.#wait(leftMs > 0 ? leftMs : LOOK_EVERY_MS, signal);
    }
  }

  async commit(partition: number, nextOffset: number): Promise<void> {
    this.#requireOpen();
    if (!Number.isSafeInteger(nextOffset) || nextOffset < 0)
      throw new RangeError(`expected an offset that is an integer of at least 0, got ${nextOffset}`);
    const { clock } = this.deps;
    const { topic, group, config } = this.options;
    const untilMs = clock.nowMs() + COMMIT_MS;
    for (;;) {
      try {
        if (this.#assigned !== undefined) {
          await this.#commitOnce(partition, nextOffset);
          return;
        }
        if (clock.nowMs() > untilMs) throw new Error('its group has not been joined');
      } catch (error) {
        if (this.#closed.signal.aborted || clock.nowMs() > untilMs)
          throw toBusError(`commit an offset of ${group} in ${topic}`, error, config);
        if (!isRebalancing(error)) this.deps.logger.debug({ error, topic, group }, 'a commit is tried again');
      }
      await clock.sleep(COMMIT_WAIT_MS, this.#closed.signal);
    }
  }

  async committed(): Promise<ReadonlyMap<number, number>> {
    return this.deps.offsets().committed(this.options.topic, this.options.group);
  }

  seek(partition: number, offset: number): void {
    if (this.#assigned === undefined) {
      this.#soughtBeforeJoin.set(partition, offset);
      return;
    }
    // Another member reads it, from where the group is.
    if (!this.#assigned.has(partition) || this.#positions.get(partition) === offset) return;
    this.#positions.set(partition, offset);
    this.#consumer.seek(partition, offset);
    this.#buffers.drop(partition);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#wake();
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#wake();
    this.#buffers.dropAll();
    await this.#consumer.stop();
    this.deps.onClosed(this);
  }

  #requireOpen(): void {
    if (!this.#closed.signal.aborted) return;
    const { topic, group } = this.options;
    throw new PipelineError('BUS_CLOSED', `expected the reader of ${topic} for ${group} to be open, but it was closed`);
  }

  #assign(partitions: readonly number[]): void {
    this.#assigned = new Set(partitions);
    this.#committed = undefined;
    this.#buffers.dropAll();
    this.#fedAtMs = this.deps.clock.nowMs();
    for (const [partition, offset] of this.#soughtBeforeJoin) this.#positions.set(partition, offset);
    this.#soughtBeforeJoin = new Map();
    for (const [partition, offset] of [...this.#positions]) {
      if (this.#assigned.has(partition)) this.#consumer.seek(partition, offset);
      // Whoever has it now reads on from the group's offset, and so does this member when it comes back.
      else this.#positions.delete(partition);
    }
    this.#wake();
  }

  /** Holds what came until it was polled, and stays a member of the group meanwhile. */
  async #take(payload: EachBatchPayload): Promise<void> {
    const { partition, messages } = payload.batch;
    if (payload.isStale() || this.#closed.signal.aborted) return;
    this.#fedAtMs = this.deps.clock.nowMs();
    const from = this.#positions.get(partition) ?? 0;
    const fresh = messages.filter(({ offset }) => Number(offset) >= from);
    if (fresh.length > 0) {
      let isEmptied = false;
      const emptied = this.#buffers.hold(partition, fresh).then(() => {
        isEmptied = true;
      });
      this.#wake();
      const beatMs = Math.floor(this.options.config.sessionTimeoutMs / 10);
      while (!hasHappened(() => isEmptied)) {
        await this.#orSleep(emptied, beatMs);
        if (!payload.isRunning()) return;
        await payload.heartbeat();
      }
    }
    // Dropped for a seek: the next fetch is from there.
    if (!payload.isStale() && (this.#positions.get(partition) ?? 0) > Number(fresh.at(-1)?.offset ?? -1))
      payload.resolveOffset(payload.batch.lastOffset());
  }

  #give(options: PollOptions): readonly StoredRecord[] {
    return this.#buffers.take(options).map((placed) => {
      this.#positions.set(placed.partition, Number(placed.message.offset) + 1);
      return toRecord(this.options.topic, placed);
    });
  }

  async #hasReadAll(signal: AbortSignal): Promise<boolean> {
    const assigned = this.#assigned;
    const signals = [signal, this.#closed.signal];
    if (assigned === undefined) return false;
    try {
      const bounds = await untilAborted(this.deps.offsets().bounds(this.options.topic), signals);
      const unknown = [...assigned].some((partition) => !this.#positions.has(partition));
      const committed = unknown ? await untilAborted(this.committed(), signals) : undefined;
      const isBehind = [...assigned].some((partition) => {
        const { low, high } = bounds.get(partition) ?? { low: 0, high: 0 };
        return Math.max(low, this.#positions.get(partition) ?? committed?.get(partition) ?? 0) < high;
      });
      if (isBehind) this.#restartWhenStuck();
      else this.#fedAtMs = this.deps.clock.nowMs();
      return !isBehind && this.#assigned === assigned;
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      // Nobody knows what lies there, so nobody may say that it was all read.
      this.deps.logger.debug({ error }, 'Kafka did not say where a topic ends');
      return false;
    }
  }

  #restartWhenStuck(): void {
    const { config, topic } = this.options;
    const nowMs = this.deps.clock.nowMs();
    if (nowMs - this.#fedAtMs < Math.max(STUCK_MS, 3 * config.sessionTimeoutMs)) return;
    this.#fedAtMs = nowMs;
    this.#consumer.restart(`it brought nothing of ${topic}, though there is something to read`);
  }

  async #commitOnce(partition: number, nextOffset: number): Promise<void> {
    // What was lost to another member is that member's to commit.
    if (this.#assigned?.has(partition) !== true) return;
    this.#committed ??= new Map(await this.committed());
    const known = this.#committed;
    if (nextOffset <= (known.get(partition) ?? 0)) return;
    await this.#consumer.commit(partition, nextOffset);
    known.set(partition, nextOffset);
  }

  readonly #wake = (): void => {
    this.#sleeper?.abort();
  };

  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    const sleeper = new AbortController();
    this.#sleeper = sleeper;
    signal.addEventListener('abort', this.#wake);
    await this.deps.clock.sleep(ms, sleeper.signal);
    signal.removeEventListener('abort', this.#wake);
  }

  async #orSleep(event: Promise<void>, ms: number): Promise<void> {
    const waited = new AbortController();
    await Promise.race([event, this.deps.clock.sleep(ms, waited.signal)]);
    waited.abort();
  }
}

/** A call, because the compiler takes a variable that was just false to stay so. */
function hasHappened(ask: () => boolean): boolean {
  return ask();
}

/** Leaves the promise to itself once one of them aborts. */
async function untilAborted<T>(promise: Promise<T>, signals: readonly AbortSignal[]): Promise<T> {
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      reject(new PipelineError('BUS_CLOSED', 'expected to wait for Kafka, but was told to stop'));
    };
    for (const signal of signals) signal.addEventListener('abort', stop);
  });
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', stop);
  }
}

function toRecord(topic: Topic, { partition, message }: Placed): StoredRecord {
  return {
    topic,
    partition,
    key: message.key?.toString() ?? '',
    value: message.value ?? new Uint8Array(0),
    headers: toHeaders(message),
    offset: Number(message.offset),
    // The broker's own time: the topics are made with LogAppendTime.
    acceptedAtMs: Number(message.timestamp),
  };
}

function toHeaders({ headers }: KafkaMessage): Readonly<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    const last = Array.isArray(value) ? value.at(-1) : value;
    texts[name] = last?.toString() ?? '';
  }
  return texts;
}
