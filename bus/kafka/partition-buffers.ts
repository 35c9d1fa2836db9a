import type { KafkaMessage } from 'kafkajs';
import type { PollOptions } from '../../core/log.js';

/** A message and where it lies. */
export interface Placed {
  readonly partition: number;
  readonly message: KafkaMessage;
}

interface Held {
  readonly messages: readonly KafkaMessage[];
  next: number;
  readonly emptied: () => void;
}

/** What was fetched and not polled yet: at most one batch a partition, given out in turn so that none of them waits for long. */
export class PartitionBuffers {
  readonly #held = new Map<number, Held>();

  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  /** Resolves once all of it was taken or dropped. Takes the place of what was held of this partition. */
  hold(partition: number, messages: readonly KafkaMessage[]): Promise<void> {
    this.drop(partition);
    return new Promise((emptied) => {
      this.#held.set(partition, { messages, next: 0, emptied });
    });
  }

  drop(partition: number): void {
    const held = this.#held.get(partition);
    this.#held.delete(partition);
    held?.emptied();
  }

  dropAll(): void {
    for (const partition of [...this.#held.keys()]) this.drop(partition);
  }

  /** At least one, when there is one; in offset order within a partition. */
  take({ maxRecords, maxBytes }: PollOptions): readonly Placed[] {
    const taken: Placed[] = [];
    let bytes = 0;
    for (const [partition, held] of [...this.#held]) {
      for (let message = held.messages[held.next]; message !== undefined; message = held.messages[held.next]) {
        const size = message.value?.length ?? 0;
        if (taken.length >= maxRecords || (taken.length > 0 && bytes + size > maxBytes)) return taken;
        taken.push({ partition, message });
        bytes += size;
        held.next += 1;
      }
      this.drop(partition);
    }
    return taken;
  }
}
