import type { StoredRecord } from '../core/log.js';
import type { OpenTrace } from './open-trace.js';
import { SOURCE_TOPICS, type BusOffset, type SourceTopic } from './source-topic.js';

/** How far each partition of each topic was read, and so how far it may be committed. */
export class NextOffsets {
  /** By partition, one past the newest record. */
  readonly #next: Readonly<Record<SourceTopic, Map<number, number>>> = { spans: new Map(), logs: new Map() };

  saw(topic: SourceTopic, { partition, offset }: Pick<StoredRecord, 'partition' | 'offset'>): void {
    this.#next[topic].set(partition, offset + 1);
  }

  /** Tells from where on it is read. */
  begin(topic: SourceTopic, partition: number, offset: number): void {
    this.#next[topic].set(partition, offset);
  }

  /** Whether these partitions were read up to there. */
  hasRead(topic: SourceTopic, ends: ReadonlyMap<number, number>, partitions: Iterable<number>): boolean {
    for (const partition of partitions)
      if ((this.#next[topic].get(partition) ?? 0) < (ends.get(partition) ?? 0)) return false;
    return true;
  }

  drop(partition: number): void {
    for (const topic of SOURCE_TOPICS) this.#next[topic].delete(partition);
  }

  /** The first offset of the oldest open trace, else one past the newest record. */
  firstNeeded(open: Iterable<Pick<OpenTrace, 'firstOffsets'>>): readonly BusOffset[] {
    const needed = { spans: new Map(this.#next.spans), logs: new Map(this.#next.logs) };
    for (const { firstOffsets } of open)
      for (const { topic, partition, offset } of firstOffsets)
        if (offset < (needed[topic].get(partition) ?? Infinity)) needed[topic].set(partition, offset);
    return SOURCE_TOPICS.flatMap((topic) =>
      [...needed[topic]].map(([partition, offset]) => ({ topic, partition, offset })),
    );
  }
}
