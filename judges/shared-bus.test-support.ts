import { systemClock } from '../core/clock.js';
import { readersOf, type Log, type LogReader, type LogRecord, type StoredRecord, type Topic } from '../core/log.js';
import type { Spend, Verdict } from '../core/verdict.js';

/** A member of a group, to which a test deals partitions. */
class Member {
  readonly turns = new Map<number, number>();
  readonly #readers: ((come: readonly number[]) => void)[] = [];

  constructor(private readonly bus: SharedBus) {}

  /** From now on these are its partitions, each as if it came anew unless it had it. */
  deal(...own: readonly number[]): void {
    for (const partition of [...this.turns.keys()]) if (!own.includes(partition)) this.turns.delete(partition);
    const come = own.filter((partition) => !this.turns.has(partition));
    for (const partition of come) this.turns.set(partition, this.bus.nextTurn());
    for (const tell of this.#readers) tell(come);
  }

  reader(topic: Topic): LogReader {
    const { turns, bus } = this;
    const positions = new Map<number, number>();
    this.#readers.push((come) => {
      for (const partition of come) positions.set(partition, bus.committed(topic, partition));
    });
    const next = (maxRecords: number): readonly StoredRecord[] => {
      for (const partition of turns.keys()) {
        const from = positions.get(partition) ?? 0;
        const records = bus.of(topic, partition).slice(from, from + maxRecords);
        positions.set(partition, from + records.length);
        if (records.length > 0) return records;
      }
      return [];
    };
    return {
      async poll({ maxRecords, waitMs }, signal) {
        for (const untilMs = Date.now() + waitMs; ;) {
          const records = next(maxRecords);
          if (records.length > 0 || signal.aborted || Date.now() >= untilMs) return records;
          await systemClock.sleep(2, signal);
        }
      },
      commit(partition, offset) {
        if (turns.has(partition)) bus.commit(topic, partition, offset);
        return Promise.resolve();
      },
      committed: () => Promise.resolve(bus.byPartition((partition) => bus.committed(topic, partition))),
      assigned: () => new Map(turns),
      seek: (partition, offset) => void positions.set(partition, offset),
      pause: () => undefined,
      resume: () => undefined,
      close: () => Promise.resolve(),
    };
  }
}

/**
 * A bus in memory of several partitions. Judges that read it get partitions when the test deals them. The last character of a key
 * is its number, which decides its partition.
 */
export class SharedBus {
  /** In the order in which they came. */
  readonly members: Member[] = [];
  readonly #records = new Map<string, StoredRecord[]>();
  readonly #committed = new Map<string, number>();
  #turns = 0;

  constructor(private readonly partitions: number) {}

  readonly log: Log = {
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    append: (records) => {
      for (const record of records) this.#append(record);
      return Promise.resolve();
    },
    reader: (topic) => this.#join().reader(topic),
    readers: (names) => {
      const member = this.#join();
      return readersOf(names, (topic) => member.reader(topic));
    },
    endOffsets: (topic) => Promise.resolve(this.byPartition((partition) => this.of(topic, partition).length)),
    lag: () => Promise.resolve(0),
    erase: () => Promise.resolve(null),
  };

  nextTurn(): number {
    this.#turns += 1;
    return this.#turns;
  }

  of(topic: Topic, partition: number): StoredRecord[] {
    const name = `${topic}/${partition}`;
    return this.#records.get(name) ?? this.#records.set(name, []).get(name)!;
  }

  records(topic: Topic): readonly StoredRecord[] {
    return [...this.byPartition((partition) => this.of(topic, partition)).values()].flat();
  }

  verdicts(): readonly Verdict[] {
    return this.#read('verdicts') as readonly Verdict[];
  }

  spend(): readonly Spend[] {
    return this.#read('spend') as readonly Spend[];
  }

  committed(topic: Topic, partition: number): number {
    return this.#committed.get(`${topic}/${partition}`) ?? 0;
  }

  commit(topic: Topic, partition: number, offset: number): void {
    this.#committed.set(`${topic}/${partition}`, Math.max(this.committed(topic, partition), offset));
  }

  byPartition<Value>(valueOf: (partition: number) => Value): ReadonlyMap<number, Value> {
    return new Map(Array.from({ length: this.partitions }, (_, partition) => [partition, valueOf(partition)]));
  }

  #append(record: LogRecord): void {
    const partition = record.toPartition ?? Number(record.key.at(-1) ?? 0) % this.partitions;
    const list = this.of(record.topic, partition);
    list.push({ headers: {}, ...record, partition, offset: list.length, acceptedAtMs: 0 });
  }

  #join(): Member {
    const member = new Member(this);
    this.members.push(member);
    return member;
  }

  #read(topic: Topic): readonly unknown[] {
    return this.records(topic).map((record) => JSON.parse(new TextDecoder().decode(record.value)) as unknown);
  }
}
