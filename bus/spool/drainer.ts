import { PipelineError } from '../../core/errors.js';
import type { StoredRecord } from '../../core/log.js';
import type { DistributedLog } from '../kafka/kafka-log.js';
import type { SpoolInstruments } from './instruments.js';
import type { Spool } from './spool.js';

export interface DrainerDeps {
  readonly spool: Spool;
  readonly kafka: Pick<DistributedLog, 'tryAppend'>;
  readonly instruments: SpoolInstruments;
  /** Given what Kafka refuses for good. Resolves when the spool may forget it; a rejection has it come again. */
  readonly setAside: (record: StoredRecord, error: PipelineError) => Promise<void>;
}

/** Taken from the spool, and not forgotten there yet. */
interface Held {
  readonly records: readonly StoredRecord[];
  /** What Kafka has still to take. */
  left: readonly StoredRecord[];
}

/** Hands on to Kafka what lies in the spool, in the order in which it came: at least once, and one batch at a time. */
export class Drainer {
  #held: Held | undefined;

  constructor(private readonly deps: DrainerDeps) {}

  /**
   * Resolves when all has gone out that lay there when it last looked: that is nothing any more where nobody appends. Where many
   * append, more has always come meanwhile. After a rejection it goes on where it was.
   * @throws {PipelineError} BUS_UNAVAILABLE when Kafka takes nothing, or once the signal aborts
   */
  async drain(signal: AbortSignal): Promise<void> {
    for (;;) {
      this.#held ??= await this.#take();
      const { length } = this.#held.records;
      const isAll = length === 0 || this.deps.spool.waiting().records <= length;
      await this.#handOn(this.#held, signal);
      await this.deps.spool.forget(this.#held.records);
      this.#held = undefined;
      if (isAll) return;
    }
  }

  async #take(): Promise<Held> {
    const records = await this.deps.spool.next();
    return { records, left: records };
  }

  /** What is refused for good is searched for by halves, so that all around it goes out in order. */
  async #handOn(held: Held, signal: AbortSignal): Promise<void> {
    let size = held.left.length;
    while (held.left.length > 0) {
      const part = held.left.slice(0, size);
      const refusal = await this.#send(part, signal);
      if (refusal === undefined) {
        held.left = held.left.slice(part.length);
        for (const { topic } of part) this.deps.instruments.drainedRecords.add(1, { topic });
      } else if (part.length > 1) {
        size = Math.ceil(part.length / 2);
      } else {
        for (const record of part) {
          await this.deps.setAside(record, refusal);
          this.deps.instruments.undeliverableRecords.add(1, { topic: record.topic });
        }
        held.left = held.left.slice(1);
        size = held.left.length;
      }
    }
  }

  /** @returns why all or one of them are refused for good; undefined when all were taken */
  async #send(part: readonly StoredRecord[], signal: AbortSignal): Promise<PipelineError | undefined> {
    try {
      await this.deps.kafka.tryAppend(part, signal);
    } catch (error) {
      if (error instanceof PipelineError && error.disposition === 'reject') return error;
      throw error;
    }
    return undefined;
  }
}
