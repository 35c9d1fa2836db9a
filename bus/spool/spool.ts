import { readersOf, TOPICS, type LogReader, type LogRecord, type StoredRecord, type Topic } from '../../core/log.js';
import type { EmbeddedLog } from '../lmdb-log.js';

/** The one group that reads the spool. */
const GROUP = 'kafka';
/** A batch of Kafka's largest for each of a few partitions. */
const BATCH = { maxRecords: 2_000, maxBytes: 4 * 2 ** 20, waitMs: 0 } as const;

/** How much waits. */
export interface Waiting {
  readonly records: number;
  /** Of disk; what has just gone out may be among them. */
  readonly bytes: number;
}

/** Records on disk that wait for Kafka, read by nobody but the drainer. */
export class Spool {
  readonly #readers: Readonly<Record<Topic, LogReader>>;
  readonly #never = new AbortController().signal;

  constructor(private readonly log: EmbeddedLog) {
    this.#readers = readersOf(TOPICS, (topic) => log.reader(topic, GROUP));
  }

  start(signal: AbortSignal): Promise<void> {
    return this.log.start(signal);
  }

  stop(signal: AbortSignal): Promise<void> {
    return this.log.stop(signal);
  }

  /** Resolves once the records are flushed. */
  append(records: readonly LogRecord[]): Promise<void> {
    return this.log.append(records);
  }

  /** Why it would not take so many bytes, as one sentence. */
  refusal(bytes: number): string | undefined {
    return this.log.refusal(bytes);
  }

  waiting(): Waiting {
    const { groups, sizeBytes } = this.log.state();
    let records = 0;
    for (const { group, lag } of groups) if (group === GROUP) records += lag;
    return { records, bytes: sizeBytes };
  }

  /** The oldest of each topic; empty when nothing is left. Gives nothing twice until it is opened anew. */
  async next(): Promise<readonly StoredRecord[]> {
    const polled = await Promise.all(TOPICS.map((topic) => this.#readers[topic].poll(BATCH, this.#never)));
    return polled.flat();
  }

  /** These, and those before them in their topics, may be removed. */
  async forget(records: readonly StoredRecord[]): Promise<void> {
    const lasts = new Map(records.map((record) => [record.topic, record]));
    // Together, so that they share one flush.
    await Promise.all(
      [...lasts.values()].map(({ topic, partition, offset }) => this.#readers[topic].commit(partition, offset + 1)),
    );
  }
}
