import type { KafkaMessage } from 'kafkajs';
import type { PollOptions } from '../../core/log.js';

/** A message and where it lies. */
export interface Placed {
  readonly partition: number;
  readonly message: KafkaMessage;
}

interface Held {
  messages: readonly KafkaMessage[];
  next: number;
  bytes: number;
}

/** What was fetched and not polled yet, given out in turn so that no partition waits for long. */
export class PartitionBuffers {
  readonly #held = new Map<number, Held>();

  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  /** Of messages that were not taken yet. */
  bytesOf(partition: number): number {
    return this.#held.get(partition)?.bytes ?? 0;
  }

  /** Behind what is there of this partition. */
  add(partition: number, messages: readonly KafkaMessage[]): void {
    if (messages.length === 0) return;
    const bytes = messages.reduce((sum, message) => sum + sizeOf(message), 0);
    const held = this.#held.get(partition);
    if (held === undefined) {
      this.#held.set(partition, { messages, next: 0, bytes });
      return;
    }
    held.messages = [...held.messages.slice(held.next), ...messages];
    held.next = 0;
    held.bytes += bytes;
  }

  drop(partition: number): void {
    this.#held.delete(partition);
  }

  dropAll(): void {
    this.#held.clear();
  }

  /** At least one, when there is one; in offset order within a partition. */
  take({ maxRecords, maxBytes }: PollOptions): readonly Placed[] {
    const taken: Placed[] = [];
    let bytes = 0;
    for (const [partition, held] of [...this.#held]) {
      for (let message = held.messages[held.next]; message !== undefined; message = held.messages[held.next]) {
        const size = sizeOf(message);
        if (taken.length >= maxRecords || (taken.length > 0 && bytes + size > maxBytes)) {
          // The next take begins with the others.
          this.#held.delete(partition);
          this.#held.set(partition, held);
          return taken;
        }
        taken.push({ partition, message });
        bytes += size;
        held.next += 1;
        held.bytes -= size;
      }
      this.drop(partition);
    }
    return taken;
  }
}

function sizeOf({ value }: KafkaMessage): number {
  return value?.length ?? 0;
}
