import { readLetter, type DeadRecord } from '../../core/dead-letter.js';
import { PipelineError } from '../../core/errors.js';
import type { LogReader, LogRecord } from '../../core/log.js';
import type { DistributedLog } from '../kafka/kafka-log.js';

/** `away`: refuses after a moment. `silent`: after a long one. `mute`: takes everything, and refuses after a long moment. */
export type Answers = 'here' | 'away' | 'silent' | 'mute';

const TRIES_MS = 20;
const REQUEST_MS = 300;

/** What Kafka says when nobody is there. */
export function away(): PipelineError {
  const cause = Object.assign(new Error('connect ECONNREFUSED'), { name: 'KafkaJSConnectionError' });
  return new PipelineError('BUS_UNAVAILABLE', 'expected to write on Kafka, but connect ECONNREFUSED', { cause });
}

function textOf({ value }: LogRecord): string {
  return Buffer.from(value.subarray(0, 40)).toString();
}

/** Kafka as far as a spool sees it. A record whose text begins with `large` is refused for good. */
export class FakeKafka implements DistributedLog {
  readonly taken: string[] = [];
  readonly offered: string[] = [];
  /** Of what was taken. */
  readonly values: Buffer[] = [];
  /** Of what was taken, the dead letters. */
  readonly letters: DeadRecord[] = [];
  /** A larger record is refused. */
  largestBytes = Infinity;
  startError: PipelineError | undefined;
  #problem: string | undefined;

  constructor(public answers: Answers = 'here') {}

  async start(): Promise<void> {
    if (this.answers !== 'here') throw away();
    if (this.startError !== undefined) throw this.startError;
  }

  async stop(): Promise<void> {}

  async tryAppend(records: readonly LogRecord[], signal: AbortSignal): Promise<void> {
    this.offered.push(...records.map(textOf));
    const listener = (): void => undefined;
    signal.addEventListener('abort', listener);
    // A turn of the event loop, or who appends without end would let nobody else in.
    await new Promise((done) => setImmediate(done));
    signal.removeEventListener('abort', listener);
    if (this.answers === 'here' || this.answers === 'mute') for (const record of records) this.#take(record);
    if (this.answers === 'here') {
      this.#problem = undefined;
      return;
    }
    if (!signal.aborted) await this.#owe(signal);
    this.#problem = 'nobody is there';
    throw away();
  }

  refusal(): string | undefined {
    return this.answers === 'here' ? undefined : this.#problem;
  }

  append(records: readonly LogRecord[]): Promise<void> {
    return this.tryAppend(records, new AbortController().signal);
  }

  reader(): LogReader {
    throw new Error('expected nobody to read here');
  }

  readers(): never {
    throw new Error('expected nobody to read here');
  }

  scan(): never {
    throw new Error('expected nobody to read here');
  }

  async endOffsets(): Promise<ReadonlyMap<number, number>> {
    return new Map();
  }

  async lag(): Promise<number> {
    return 0;
  }

  async erase(): Promise<null> {
    return null;
  }

  #take(record: LogRecord): void {
    const { topic, value } = record;
    const letter = readLetter({ headers: {}, ...record, partition: 0, offset: 0, acceptedAtMs: 0 });
    if (topic === 'dead-letters' && letter !== undefined) {
      this.letters.push(letter);
      return;
    }
    const text = textOf(record);
    if (text.startsWith('large') || value.length > this.largestBytes)
      throw new PipelineError('RECORD_TOO_LARGE', `expected a smaller one than ${text}`);
    this.taken.push(text);
    this.values.push(Buffer.from(value));
  }

  #owe(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(end, this.answers === 'away' ? TRIES_MS : REQUEST_MS);
      function end(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      }
      signal.addEventListener('abort', end);
    });
  }
}
