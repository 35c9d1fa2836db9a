import type { Component } from './component.js';

/**
 * The topics of the pipeline. A role meets another only here.
 * `spans`: OTLP `ExportTraceServiceRequest` in protobuf, spans of one trace, key = trace id in lower-case hex.
 * `logs`: OTLP `ExportLogsServiceRequest` in protobuf, log events of one trace, keyed alike.
 * `dead-letters`: records of the others as they were, that a role could not read, keyed alike. No group reads it: see
 * core/dead-letter.ts.
 * `journal`: what judges have reserved, paid and heard, each in the partition of its judgement. On Kafka alone: an embedded judge
 * has it in its state.
 * `adversarial`: one JSON document of core/adversarial-case.ts a record; key = case id.
 * `alarms`, `notifications`: one JSON document a record, of core/alarm.ts and core/notification.ts; key = alarm id.
 * The rest: one JSON document a record, key = trace id.
 */
export const TOPICS = [
  'spans',
  'logs',
  'decisions',
  'judgements',
  'verdicts',
  'spend',
  'policies',
  'labels',
  'journal',
  'adversarial',
  'alarms',
  'notifications',
  'dead-letters',
] as const;
export type Topic = (typeof TOPICS)[number];

/** The record header that carries the tenant; the client's own is dropped at admission. */
export const TENANT_HEADER = 'assay.tenant';

/** What a producer hands to the bus. */
export interface LogRecord {
  readonly topic: Topic;
  /** Decides the partition; records of one key keep their order. */
  readonly key: string;
  readonly value: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Where it goes, whatever its key; for a topic whose partitions belong to those of another. The embedded bus has only 0. Not
   * named as the place of a stored record is, so that one that is put on the bus again goes where its key says.
   */
  readonly toPartition?: number;
}

/** A record as it lies on the bus. */
export interface StoredRecord extends LogRecord {
  readonly headers: Readonly<Record<string, string>>;
  readonly partition: number;
  /** Grows within a partition, with gaps allowed; the first is 0. */
  readonly offset: number;
  /** Bus time: when the record was accepted, in milliseconds since the Unix epoch. */
  readonly acceptedAtMs: number;
}

/** Where a record lies and what came with it, without its text. */
export type RecordPlace = Pick<StoredRecord, 'topic' | 'key' | 'partition' | 'offset' | 'headers'>;

/** How much one poll may bring. */
export interface PollOptions {
  readonly maxRecords: number;
  readonly maxBytes: number;
  /** Longest wait for a first record, in ms; the answer is then empty. */
  readonly waitMs: number;
}

/**
 * One member of a consumer group, reading one topic from the group's committed offset.
 * Delivery is at least once: what was polled and not committed comes again after a restart.
 */
export interface LogReader {
  /** Records in offset order within a partition. Empty after `waitMs`, while paused, or when the signal aborts. */
  poll(options: PollOptions, signal: AbortSignal): Promise<readonly StoredRecord[]>;
  /**
   * Makes `nextOffset` durable as the first offset that the group has not finished in this partition.
   * Never moves back: a lower one than the committed is ignored.
   */
  commit(partition: number, nextOffset: number): Promise<void>;
  /** The committed offset of each partition of this topic; 0 when nothing was committed. */
  committed(): Promise<ReadonlyMap<number, number>>;
  /**
   * The partitions that come to this member at the moment, each with a number that is another one each time that it comes anew.
   * Between two numbers others may have read and committed: whoever holds on to something of a partition lets go of it then, and
   * reads on from what is committed. Empty until the group was joined for the first time; a member that was thrown out keeps its old
   * numbers until it has joined again, and may work on what others have by then, so that effects need their natural keys.
   */
  assigned(): ReadonlyMap<number, number>;
  /** Reads from here on at this offset, without moving what is committed. */
  seek(partition: number, offset: number): void;
  /** `poll` answers empty until `resume`. */
  pause(): void;
  resume(): void;
  close(): Promise<void>;
}

/** The bus. Embedded it is an lmdb log in the data directory, distributed it is Kafka. */
export interface Log extends Component {
  /**
   * Resolves when all records are durable: flushed to disk, or acknowledged by all in-sync replicas.
   * Nobody may be told "accepted" before. Order within a key is the order given. Once it has settled the bus holds on to no
   * record: the memory of the values may be used for others.
   * @throws {PipelineError} BUS_UNAVAILABLE when it cannot take them now; none, some or all may then have been taken
   */
  append(records: readonly LogRecord[]): Promise<void>;
  reader(topic: Topic, group: string): LogReader;
  /**
   * Readers of one member that reads several topics. To it come the partitions of the same numbers in each of them: who has the
   * spans of a trace has its log events and decisions too.
   */
  readers<Name extends Topic>(topics: readonly Name[], group: string): Readonly<Record<Name, LogReader>>;
  /** Per partition, one past the newest offset. */
  endOffsets(topic: Topic): Promise<ReadonlyMap<number, number>>;
  /** Records that the group has not committed yet. */
  lag(topic: Topic, group: string): Promise<number>;
  /**
   * Takes the records of these keys out of every topic, durably; readers find gaps in their place.
   * What is appended while it runs may stay.
   * @param erases - of a key's records, which go; all of them when it is left out. A trace id may be two tenants'
   * @returns how many were taken out; null when this bus takes no single records out, and only its retention removes them
   */
  erase(keys: readonly string[], erases?: (record: RecordPlace) => boolean): Promise<number | null>;
}

/** A bus that can also be looked through by who is no consumer. */
export interface ScannableLog extends Log {
  /**
   * All that lies in a topic, up to its end, in offset order within a partition. Joins no group and commits nothing, so that
   * nothing is kept for it. What is appended meanwhile may or may not come.
   *
   * Throws the signal's reason when it aborts; without that it waits as long as the bus is away.
   */
  scan(topic: Topic, signal: AbortSignal): AsyncIterable<readonly StoredRecord[]>;
}

/** One of each topic. */
export function readersOf<Name extends Topic, Reader>(
  topics: readonly Name[],
  make: (topic: Name) => Reader,
): Readonly<Record<Name, Reader>> {
  return Object.fromEntries(topics.map((topic) => [topic, make(topic)])) as Record<Name, Reader>;
}
