import type { Log, LogReader, StoredRecord } from '../core/log.js';
import type { Logger } from '../core/logger.js';
import { PipelineError } from '../core/errors.js';
import { parseJournalRecord, type JournalEntry } from './journal-entry.js';
import type { Journal } from './journal.js';

const LIMITS = { maxRecords: 1_000, maxBytes: 8 * 1024 * 1024, waitMs: 0 };

export interface FollowerDeps {
  readonly log: Pick<Log, 'endOffsets'>;
  /** Of `journal`, a member together with that of `judgements`. */
  readonly reader: LogReader;
  readonly journal: Pick<Journal, 'absorb' | 'learntUpTo'>;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
}

/** Reads what judges tell of the partitions that are this one's into its own journal. */
export class JournalFollower {
  /** Partitions whose journal is read from where this judge stands. */
  readonly #followed = new Map<number, number | undefined>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly deps: FollowerDeps) {}

  /** Resolves when all is known that was told in these partitions before. @throws {PipelineError} BUS_UNAVAILABLE */
  takeUp(partitions: readonly number[]): Promise<void> {
    return this.#alone(async () => {
      const { log, reader, journal } = this.deps;
      const ends = await log.endOffsets('journal');
      for (const partition of partitions) {
        const end = ends.get(partition);
        if (end === undefined) throw tooFewPartitions(ends.size);
        const learnt = journal.learntUpTo(partition);
        // Beyond the end: the topic was made anew, and all of it is news.
        reader.seek(partition, learnt > end ? 0 : learnt);
        this.#followed.set(partition, reader.assigned().get(partition));
      }
      await this.#readUp();
    });
  }

  /** What was told since, up to the end. */
  follow(): Promise<void> {
    return this.#alone(() => this.#readUp());
  }

  async #readUp(): Promise<void> {
    const { reader, journal, stopping } = this.deps;
    while (!stopping.aborted) {
      const polled = await reader.poll(LIMITS, stopping);
      if (polled.length === 0) return;
      for (const [partition, records] of byPartition(polled)) {
        // It has just come: what lies before this has to be learnt first, and this is read again then.
        if (this.#followed.get(partition) !== reader.assigned().get(partition)) continue;
        const offset = records.at(-1)!.offset + 1;
        await journal.absorb(
          records.flatMap((record) => this.#parse(record)),
          { partition, offset },
        );
        await reader.commit(partition, offset);
      }
    }
  }

  #parse(record: StoredRecord): readonly JournalEntry[] {
    try {
      return [parseJournalRecord(record)];
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      this.deps.logger.error({ error }, 'an entry of the journal cannot be read; it is passed by');
      return [];
    }
  }

  /** One after the other: they share a reader. */
  #alone(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

function byPartition(records: readonly StoredRecord[]): ReadonlyMap<number, readonly StoredRecord[]> {
  const grouped = new Map<number, StoredRecord[]>();
  for (const record of records) {
    const group = grouped.get(record.partition);
    if (group === undefined) grouped.set(record.partition, [record]);
    else group.push(record);
  }
  return grouped;
}

function tooFewPartitions(count: number): PipelineError {
  return new PipelineError(
    'BUS_UNAVAILABLE',
    `expected the topic journal to have as many partitions as judgements, found ${count}; add partitions to it until it has`,
  );
}
