import type { StoredRecord } from '../core/log.js';
import { PartitionClock } from './partition-clock.js';
import { SOURCE_TOPICS, type SourceTopic } from './source-topic.js';

/**
 * Bus time up to which both topics have been read. While there is a backlog it is the time of the newest record, of the topic
 * that is behind; once all was read it goes on with our own clock. So a trace never seems quiet only because its spans or its
 * log events still wait on the bus. Bus time is only ever compared with bus time, and our own clock with itself, so neither
 * need be right.
 */
export class BusClock {
  readonly #clocks: Readonly<Record<SourceTopic, PartitionClock>> = {
    spans: new PartitionClock(),
    logs: new PartitionClock(),
  };

  /** Tells of a record that was read at `nowMs`. */
  saw(topic: SourceTopic, record: Pick<StoredRecord, 'partition' | 'acceptedAtMs'>, nowMs: number): void {
    this.#clocks[topic].saw(record, nowMs);
  }

  /** Tells that all that lay in the topic at `atMs` has been read. */
  caughtUp(topic: SourceTopic, atMs: number): void {
    this.#clocks[topic].caughtUp(atMs);
  }

  /** Tells that others read this partition now. */
  forget(partition: number): void {
    for (const topic of SOURCE_TOPICS) this.#clocks[topic].forget(partition);
  }

  /** Bus time in ms; -Infinity for a partition that brought nothing yet. */
  nowMs(partition: number): number {
    return Math.max(this.#boundFrom('spans', partition), this.#boundFrom('logs', partition));
  }

  /** The furthest of all partitions. */
  latestMs(): number {
    let latest = -Infinity;
    for (const topic of SOURCE_TOPICS)
      for (const partition of this.#clocks[topic].partitions()) latest = Math.max(latest, this.nowMs(partition));
    return latest;
  }

  /** What the newest record of one topic says of both. Each such bound holds, so the higher of two is the time. */
  #boundFrom(topic: SourceTopic, partition: number): number {
    const own = this.#clocks[topic];
    const other = this.#clocks[topic === 'spans' ? 'logs' : 'spans'];
    const reading = own.reading(partition);
    if (reading === undefined) return -Infinity;
    // Whatever the other topic held when this record was read has not all been read.
    if (other.caughtUpAtMs < reading.readAtMs)
      return Math.min(reading.busMs, other.reading(partition)?.busMs ?? -Infinity);
    return reading.busMs + Math.max(0, Math.min(own.caughtUpAtMs, other.caughtUpAtMs) - reading.readAtMs);
  }
}
