import type { EachBatchPayload } from 'kafkajs';
import type { Clock } from '../../core/clock.js';
import { PipelineError } from '../../core/errors.js';
import type { LogReader, PollOptions, StoredRecord, Topic } from '../../core/log.js';
import type { Logger } from '../../core/logger.js';
import { isRebalancing, toBusError, type FaultPlace } from './faults.js';
import type { LostBatches } from './lost-batches.js';
import type { KafkaOffsets } from './offsets.js';
import { PartitionBuffers, type Placed } from './partition-buffers.js';
import { toRecord } from './to-record.js';
import { unreadableOf } from './unreadable.js';

/** Between two looks whether all was read that lies there. */
const LOOK_EVERY_MS = 250;
/** A reader that is behind and gets nothing for so long, or three sessions, has a consumer that is stuck. */
const STUCK_MS = 30_000;
/** How long a commit is tried while the group changes or the broker is away. */
const COMMIT_MS = 10_000;
const COMMIT_WAIT_MS = 200;
/** Of a partition no more is fetched while so much of it waits to be polled. Less would leave a consumer waiting for the next fetch. */
const HELD_BYTES = 1_048_576;

export interface ReaderOptions {
  readonly topic: Topic;
  readonly group: string;
  readonly config: FaultPlace;
}

export interface ReaderDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** @throws {PipelineError} BUS_CLOSED while the log is not open */
  readonly offsets: () => KafkaOffsets;
  readonly lost: LostBatches;
  readonly feed: Feed;
}

/** The topic's part of the consumer that feeds a reader. */
export interface Feed {
  /** Fetches from here on. */
  seek(partition: number, offset: number): void;
  /** Fetches nothing more of this partition, or goes on to. */
  setPaused(partition: number, isPaused: boolean): void;
  /** @throws {Error} of kafkajs, or because the group has not been joined */
  commit(partition: number, offset: number): Promise<void>;
  /** Replaces a consumer that seems to be stuck. */
  restart(reason: string): void;
  /** That did not help. */
  giveUp(reason: string): void;
  /** The reader wants nothing more. */
  close(): Promise<void>;
}

/** Offsets from `first` to before `next`. */
export interface Passed {
  readonly first: number;
  readonly next: number;
}

/** What came of a topic to this member, each with its turn: see `LogReader.assigned`. */
export type Turns = ReadonlyMap<number, number>;

/**
 * A member of a group, reading one topic of Kafka: kafkajs pushes batches, this holds a few a partition until they are polled.
 *
 * An empty poll says that everything was read that lay there: what is behind waits longer than `waitMs`, as long as the broker
 * is away too. The sampler's clock and the writer's order rest on that.
 */
export class KafkaReader implements LogReader {
  readonly #buffers = new PartitionBuffers();
  readonly #closed = new AbortController();
  /** Next offset to give, by partition. Outlives the consumer: what was given is not given twice to the same reader. */
  readonly #positions = new Map<number, number>();
  /** Next offset to take from the consumer, by partition. */
  readonly #fetched = new Map<number, number>();
  readonly #full = new Set<number>();
  /** By partition, offsets that hold nothing for a reader, such as the mark that ends a transaction. */
  readonly #passed = new Map<number, Passed>();
  /** What this member knows of the group's offsets; what others commit is learnt at the next assignment. */
  #committed: Map<number, number> | undefined;
  #assigned: Turns | undefined;
  #soughtBeforeJoin = new Map<number, number>();
  #paused = false;
  #sleeper: AbortController | undefined;
  #fedAtMs: number;
  /** What the consumer was last replaced for, as partitions, positions and ends. */
  #restartedFor = '';
  /** When, or when the brokers last did not answer. */
  #restartedAtMs = 0;

  constructor(
    private readonly options: ReaderOptions,
    private readonly deps: ReaderDeps,
  ) {
    this.#fedAtMs = deps.clock.nowMs();
  }

  async poll(options: PollOptions, signal: AbortSignal): Promise<readonly StoredRecord[]> {
    this.#requireOpen();
    const { clock } = this.deps;
    const untilMs = clock.nowMs() + options.waitMs;
    for (;;) {
      if (signal.aborted || this.#closed.signal.aborted) return [];
      const records = await this.#give(options, signal);
      if (records.length > 0) return records;
      const leftMs = untilMs - clock.nowMs();
      if (leftMs <= 0 && (this.#paused || (await this.#hasReadAll(signal)))) return this.#give(options, signal);
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

  assigned(): Turns {
    return this.#assigned ?? NONE;
  }

  seek(partition: number, offset: number): void {
    if (this.#assigned === undefined) {
      this.#soughtBeforeJoin.set(partition, offset);
      return;
    }
    // Another member reads it, from where the group is.
    if (!this.#assigned.has(partition) || this.#positions.get(partition) === offset) return;
    this.#goTo(partition, offset);
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
    await this.deps.feed.close();
  }

  /** Reads these from now on: on from where it was in those that it had, else from what the group committed. */
  assign(turns: Turns): void {
    this.#assigned = turns;
    this.#committed = undefined;
    this.lose();
    this.#fedAtMs = this.deps.clock.nowMs();
    for (const [partition, offset] of this.#soughtBeforeJoin) this.#positions.set(partition, offset);
    this.#soughtBeforeJoin = new Map();
    for (const [partition, offset] of [...this.#positions]) {
      if (turns.has(partition)) this.#goTo(partition, offset);
      // Whoever has it now reads on from the group's offset, and so does this member when it comes back.
      else this.#positions.delete(partition);
    }
    this.#wake();
  }

  /** What was fetched will be fetched again, by whomever. */
  lose(): void {
    this.#buffers.dropAll();
    this.#fetched.clear();
    for (const partition of this.#full) this.deps.feed.setPaused(partition, false);
    this.#full.clear();
  }

  take({ batch }: EachBatchPayload): void {
    if (this.#closed.signal.aborted) return;
    const { partition, messages } = batch;
    this.#fedAtMs = this.deps.clock.nowMs();
    const from = this.#fetched.get(partition) ?? 0;
    const fresh = messages.filter(({ offset }) => Number(offset) >= from);
    const last = fresh.at(-1);
    if (last === undefined) return;
    const next = Number(last.offset) + 1;
    this.#fetched.set(partition, next);
    this.pass(partition, { first: next, next: Number(batch.lastOffset()) + 1 });
    this.#buffers.add(partition, fresh);
    if (this.#buffers.bytesOf(partition) >= HELD_BYTES) {
      this.#full.add(partition);
      this.deps.feed.setPaused(partition, true);
    }
    this.#wake();
  }

  /** There is nothing to read in these, and there never will be. */
  pass(partition: number, { first, next }: Passed): void {
    const known = this.#passed.get(partition);
    const isNext = known !== undefined && known.first <= first && first <= known.next;
    if (next > first) this.#passed.set(partition, { first: isNext ? known.first : first, next });
  }

  #requireOpen(): void {
    if (!this.#closed.signal.aborted) return;
    const { topic, group } = this.options;
    throw new PipelineError('BUS_CLOSED', `expected the reader of ${topic} for ${group} to be open, but it was closed`);
  }

  #goTo(partition: number, offset: number): void {
    this.#positions.set(partition, offset);
    this.#fetched.set(partition, offset);
    this.#buffers.drop(partition);
    this.#letFlow(partition);
    this.deps.feed.seek(partition, offset);
  }

  #letFlow(partition: number): void {
    if (!this.#full.delete(partition)) return;
    this.deps.feed.setPaused(partition, false);
  }

  async #give(options: PollOptions, signal: AbortSignal): Promise<readonly StoredRecord[]> {
    if (this.#paused) return [];
    const taken = this.#buffers.take(options);
    for (const { partition, message } of taken) this.#positions.set(partition, Number(message.offset) + 1);
    for (const partition of [...this.#full])
      if (this.#buffers.bytesOf(partition) < HELD_BYTES / 2) this.#letFlow(partition);
    // Nothing is awaited where all is well.
    if (taken.some(({ message }) => unreadableOf(message)) && !(await this.#noteLost(taken, signal))) return [];
    return taken
      .filter(({ message }) => unreadableOf(message) === undefined)
      .map((placed) => toRecord(this.options.topic, placed));
  }

  /** Before what lies behind is given out, which moves the group's offset. @returns false when it was told to stop meanwhile */
  async #noteLost(taken: readonly Placed[], signal: AbortSignal): Promise<boolean> {
    const { topic, group } = this.options;
    for (const { partition, message } of taken) {
      const batch = unreadableOf(message);
      if (batch === undefined) continue;
      const place = { topic, partition, group };
      if (await this.deps.lost.note(place, batch, AbortSignal.any([signal, this.#closed.signal]))) continue;
      const firsts = new Map([...taken].reverse().map((one) => [one.partition, firstOffsetOf(one)]));
      for (const [number, offset] of firsts) if (this.#assigned?.has(number) === true) this.#goTo(number, offset);
      return false;
    }
    return true;
  }

  async #hasReadAll(signal: AbortSignal): Promise<boolean> {
    const assigned = this.#assigned;
    const signals = [signal, this.#closed.signal];
    if (assigned === undefined) return false;
    try {
      const bounds = await untilAborted(this.deps.offsets().bounds(this.options.topic), signals);
      const partitions = [...assigned.keys()];
      const unknown = partitions.some((partition) => !this.#positions.has(partition));
      const committed = unknown ? await untilAborted(this.committed(), signals) : undefined;
      const behind = partitions.flatMap((partition) => {
        const { low, high } = bounds.get(partition) ?? { low: 0, high: 0 };
        const at = this.#behindPassed(partition, this.#positions.get(partition) ?? committed?.get(partition) ?? 0);
        return Math.max(low, at) < high ? [`${partition}: ${at} of ${high}`] : [];
      });
      if (behind.length > 0) this.#restartWhenStuck(behind.join(', '));
      else this.#fedAtMs = this.deps.clock.nowMs();
      return behind.length === 0 && this.#assigned === assigned;
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      this.#restartedAtMs = this.deps.clock.nowMs();
      // Nobody knows what lies there, so nobody may say that it was all read.
      this.deps.logger.debug({ error }, 'Kafka did not say where a topic ends');
      return false;
    }
  }

  #behindPassed(partition: number, position: number): number {
    const { first, next } = this.#passed.get(partition) ?? { first: 0, next: 0 };
    return first <= position ? Math.max(position, next) : position;
  }

  /** Once for what cannot be read at all, such as records of a transaction that nobody ends. */
  #restartWhenStuck(behind: string): void {
    const { config, topic } = this.options;
    const nowMs = this.deps.clock.nowMs();
    if (behind === this.#restartedFor) {
      this.#giveUpWhenStuck(behind, nowMs);
      return;
    }
    if (nowMs - this.#fedAtMs < Math.max(STUCK_MS, 3 * config.sessionTimeoutMs)) return;
    this.#fedAtMs = nowMs;
    this.#restartedFor = behind;
    this.#restartedAtMs = nowMs;
    this.deps.feed.restart(`it brought nothing of ${topic}, though there is something to read (${behind})`);
  }

  /** Not of others' topics: what a transaction holds back is nothing that a new process could read. */
  #giveUpWhenStuck(behind: string, nowMs: number): void {
    const { config, topic } = this.options;
    if (config.topicPrefix === undefined || nowMs - this.#restartedAtMs < config.giveUpMs) return;
    this.#restartedAtMs = nowMs;
    const forS = Math.round(config.giveUpMs / 1_000);
    this.deps.feed.giveUp(
      `it brought nothing of ${topic} for ${forS} s, though there is something to read (${behind})`,
    );
  }

  async #commitOnce(partition: number, nextOffset: number): Promise<void> {
    // What was lost to another member is that member's to commit.
    if (this.#assigned?.has(partition) !== true) return;
    this.#committed ??= new Map(await this.committed());
    const known = this.#committed;
    if (nextOffset <= (known.get(partition) ?? 0)) return;
    await this.deps.feed.commit(partition, nextOffset);
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
}

const NONE: Turns = new Map();

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

function firstOffsetOf({ message }: Placed): number {
  return unreadableOf(message)?.firstOffset ?? Number(message.offset);
}
