import { appendFitting } from '../../core/append-fitting.js';
import { bury, unsent } from '../../core/dead-letter.js';
import { PipelineError } from '../../core/errors.js';
import type { LogRecord, StoredRecord } from '../../core/log.js';
import type { Logger } from '../../core/logger.js';
import type { DistributedLog } from '../kafka/kafka-log.js';
import type { SpoolInstruments } from './instruments.js';
import type { Spool } from './spool.js';

export interface DrainerDeps {
  readonly spool: Spool;
  readonly kafka: Pick<DistributedLog, 'tryAppend'>;
  readonly instruments: SpoolInstruments;
  readonly logger: Logger;
}

/** Who gives up what Kafka refuses for good. */
const ROLE = 'receive';
const NO_BYTES = new Uint8Array(0);

/** Taken from the spool, and not forgotten there yet. */
interface Held {
  readonly records: readonly StoredRecord[];
  /** What Kafka has still to take. */
  left: readonly StoredRecord[];
}

/**
 * Hands on to Kafka what lies in the spool, in the order in which it came: at least once, and one batch at a time. What is too large
 * goes there in pieces, and what is refused for good all the same as a dead letter: its sender has been answered.
 */
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
        for (const record of part) await this.#fit(record, refusal, signal);
        held.left = held.left.slice(1);
        size = held.left.length;
      }
    }
  }

  async #fit(record: StoredRecord, refusal: PipelineError, signal: AbortSignal): Promise<void> {
    const { topic } = record;
    const append = (part: LogRecord): Promise<void> => this.deps.kafka.tryAppend([part], signal);
    if (topic === 'dead-letters') return append({ ...record, value: NO_BYTES });
    const problem = topic === 'spans' || topic === 'logs' ? await this.#divide(record, append) : refusal;
    if (problem === undefined) this.deps.instruments.drainedRecords.add(1, { topic });
    else await this.#setAside(record, problem, append);
  }

  /** @returns why not all of it went out; undefined when it did */
  async #divide(record: StoredRecord, append: (part: LogRecord) => Promise<void>): Promise<PipelineError | undefined> {
    try {
      const { rejected } = await appendFitting(record, append);
      if (rejected === 0) return undefined;
      const text = `expected what the bus takes in one record once its longest texts are cut, got ${rejected} of its items that are larger still; the rest was taken`;
      return new PipelineError('RECORD_TOO_LARGE', text);
    } catch (error) {
      if (error instanceof PipelineError && error.disposition === 'reject') return error;
      throw error;
    }
  }

  async #setAside(
    record: StoredRecord,
    error: PipelineError,
    append: (part: LogRecord) => Promise<void>,
  ): Promise<void> {
    const { topic, key, value, acceptedAtMs } = record;
    const letter = unsent({ topic, key, value, headers: record.headers }, { role: ROLE, error, nowMs: acceptedAtMs });
    await bury([letter], {
      async append(letters) {
        for (const one of letters) await append(one);
      },
    });
    this.deps.instruments.undeliverableRecords.add(1, { topic });
    this.deps.logger.error(
      { topic, key, bytes: value.length, problem: error.message },
      'a record of the spool became a dead letter, since Kafka refuses it for good',
    );
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
