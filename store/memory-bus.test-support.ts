import {
  readersOf,
  type Log,
  type LogReader,
  type LogRecord,
  type RecordPlace,
  type StoredRecord,
  type Topic,
} from '../core/log.js';
import type { State } from '../core/state.js';

/** A bus in memory, for tests of the writer. Group offsets outlive a reader, as on a real one. */
export class MemoryLog implements Log {
  readonly records = new Map<Topic, StoredRecord[]>();
  readonly offsets = new Map<string, number>();
  /** Throws where a test wants it to. */
  beforeCommit: (topic: Topic) => void = () => undefined;
  beforeAppend: (records: readonly LogRecord[]) => void = () => undefined;
  onPoll: () => void = () => undefined;
  /** Offsets go on where they were when records are erased. */
  private readonly ends = new Map<string, number>();
  nowMs = 1_760_000_000_000;
  /** Which partitions come to the readers: see `LogReader.assigned`. */
  turns: ReadonlyMap<number, number>;

  constructor(private readonly partitions = 1) {
    this.turns = new Map(Array.from({ length: partitions }, (_, partition) => [partition, 1]));
  }

  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  async append(records: readonly LogRecord[]): Promise<void> {
    this.beforeAppend(records);
    for (const record of records) {
      const partition = Buffer.from(record.key).reduce((sum, byte) => sum + byte, 0) % this.partitions;
      const stored = this.of(record.topic);
      const end = `${record.topic}/${partition}`;
      const offset = this.ends.get(end) ?? 0;
      this.ends.set(end, offset + 1);
      stored.push({ ...record, headers: record.headers ?? {}, partition, offset, acceptedAtMs: this.nowMs });
    }
  }

  readers<Name extends Topic>(topics: readonly Name[], group: string): Readonly<Record<Name, LogReader>> {
    return readersOf(topics, (topic) => this.reader(topic, group));
  }

  reader(topic: Topic, group: string): LogReader {
    const key = (partition: number): string => `${topic}/${group}/${partition}`;
    const numbers = Array.from({ length: this.partitions }, (_, partition) => partition);
    const committed = (): Map<number, number> => new Map(numbers.map((p) => [p, this.offsets.get(key(p)) ?? 0]));
    const positions = committed();
    return {
      poll: async ({ maxRecords }) => {
        this.onPoll();
        const ahead = this.of(topic).filter(
          ({ partition, offset }) => this.turns.has(partition) && offset >= positions.get(partition)!,
        );
        const taken = ahead.slice(0, maxRecords);
        for (const record of taken) positions.set(record.partition, record.offset + 1);
        return taken;
      },
      commit: async (partition, nextOffset) => {
        this.beforeCommit(topic);
        if (!this.turns.has(partition)) return;
        this.offsets.set(key(partition), Math.max(nextOffset, this.offsets.get(key(partition)) ?? 0));
      },
      committed: async () => committed(),
      assigned: () => this.turns,
      seek: (partition, offset) => void positions.set(partition, offset),
      pause: () => undefined,
      resume: () => undefined,
      close: async () => undefined,
    };
  }

  async endOffsets(topic: Topic): Promise<ReadonlyMap<number, number>> {
    const numbers = Array.from({ length: this.partitions }, (_, partition) => partition);
    return new Map(numbers.map((partition) => [partition, this.ends.get(`${topic}/${partition}`) ?? 0]));
  }

  async lag(topic: Topic, group: string): Promise<number> {
    return this.of(topic).filter((r) => r.offset >= (this.offsets.get(`${topic}/${group}/${r.partition}`) ?? 0)).length;
  }

  async erase(keys: readonly string[], erases: (record: RecordPlace) => boolean = () => true): Promise<number> {
    let erased = 0;
    for (const [topic, records] of this.records) {
      const kept = records.filter((record) => !keys.includes(record.key) || !erases(record));
      erased += records.length - kept.length;
      this.records.set(topic, kept);
    }
    return erased;
  }

  private of(topic: Topic): StoredRecord[] {
    let records = this.records.get(topic);
    if (records === undefined) this.records.set(topic, (records = []));
    return records;
  }
}

/** Durable state in memory. */
export class MemoryState implements State {
  readonly entries = new Map<string, string>();

  get(key: string): string | undefined {
    return this.entries.get(key);
  }

  async put(entries: readonly (readonly [string, string])[]): Promise<void> {
    for (const [key, value] of entries) this.entries.set(key, value);
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.entries.delete(key);
  }

  *range(prefix: string): Iterable<readonly [string, string]> {
    for (const key of [...this.entries.keys()].sort()) if (key.startsWith(prefix)) yield [key, this.entries.get(key)!];
  }
}
