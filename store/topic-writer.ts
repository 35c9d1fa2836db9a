import { bury, recordId } from '../core/dead-letter.js';
import { faultPoint } from '../core/fault-points.js';
import type { Log, LogReader, StoredRecord } from '../core/log.js';
import type { Logger } from '../core/logger.js';
import type { State } from '../core/state.js';
import { type Block, type BlockDeps, blockToken, type OffsetRange, type Skipped } from './block.js';
import type { StoreConfig } from './config.js';
import { toGivenUp } from './given-up.js';
import { isOfRows } from './refused-codes.js';
import type { TopicTable } from './topic-table.js';
import { createBlocks } from './topic-tables.js';
import { writeApart } from './write-apart.js';
import type { WriterMetrics } from './writer-metrics.js';

/** First offset of each partition that is not meant. */
export type Offsets = ReadonlyMap<number, number>;

/** Of each partition that comes here, its number: see `LogReader.assigned`. */
type Turns = ReadonlyMap<number, number>;

/** A block that was begun before, and the turns in which it may be written again. */
interface Again {
  readonly pending: readonly OffsetRange[];
  readonly turns: Turns;
}

/** Bytes of records that are in memory at once, beside the rows made of them. */
const POLL_BYTES = 4 * 1024 * 1024;

/** Refusals of the rows of one block, after which its records are written apart. */
const MAX_REFUSALS = 3;

export interface TopicWriterDeps extends BlockDeps {
  readonly reader: LogReader;
  readonly log: Pick<Log, 'append'>;
  readonly state: State;
  readonly logger: Logger;
  readonly metrics: WriterMetrics;
}

/** Moves one topic into its table, in blocks that can be written twice without a trace of it. */
export class TopicWriter {
  /** Next offset of each partition that comes to this writer. */
  #positions = new Map<number, number>();
  /** What came at the last recovery: see `LogReader.assigned`. */
  #turns: Turns = new Map();
  /** Of the block whose rows were refused last. */
  #refused = { token: '', times: 0 };
  readonly #pendingKey: string;
  readonly #createBlock: () => Block;

  constructor(
    private readonly table: TopicTable,
    private readonly options: StoreConfig,
    private readonly deps: TopicWriterDeps,
  ) {
    this.#pendingKey = `pending/${table.topic}`;
    this.#createBlock = createBlocks(table, deps);
  }

  /** Whether partitions have come or gone since the last recovery, and what they hold has to be found out anew. */
  hasMoved(): boolean {
    const turns = this.deps.reader.assigned();
    return (
      turns.size !== this.#turns.size || [...turns].some(([partition, turn]) => this.#turns.get(partition) !== turn)
    );
  }

  /**
   * Takes up where the last writer, or a failed cycle, left off: a block whose insert may or may not have happened is read
   * again, alone, and inserted again with the same token, which the engine drops if it has it. Where one of its partitions went
   * to another writer that is no longer possible: that one writes them from what was committed, and rows may lie there twice.
   */
  async recover(signal: AbortSignal): Promise<void> {
    const { reader, state } = this.deps;
    const turns = reader.assigned();
    const pending = parseRanges(state.get(this.#pendingKey));
    if (pending.length > 0) {
      const committed = await reader.committed();
      const isDone = pending.every(([partition, , last]) => (committed.get(partition) ?? 0) > last);
      const isOurs = pending.every(([partition]) => turns.has(partition));
      if (!isDone && isOurs) await this.#writeAgain({ pending, turns }, signal);
      else if (isDone || turns.size > 0) await state.delete([this.#pendingKey]);
    }
    const committed = await reader.committed();
    this.#positions = new Map([...turns.keys()].map((partition) => [partition, committed.get(partition) ?? 0]));
    for (const [partition, offset] of this.#positions) reader.seek(partition, offset);
    this.#turns = turns;
  }

  /**
   * Writes all records before these offsets, of the partitions that come here. A block is filled while the one before it is inserted; only that one is pending.
   */
  async writeUpTo(allEnds: Offsets, signal: AbortSignal): Promise<void> {
    const ends = new Map([...allEnds].filter(([partition]) => this.#positions.has(partition)));
    let writing = Promise.resolve();
    try {
      while (this.#isBefore(ends) && !signal.aborted && !this.hasMoved()) {
        const block = await this.#gather(ends, signal);
        try {
          await writing;
        } catch (error) {
          await block.discard();
          throw error;
        }
        writing = this.#write(block, signal);
        // It is waited for in the next round, and must not end the process until then.
        writing.catch(() => undefined);
        if (!block.isWhole) await writing;
      }
    } finally {
      await writing;
    }
  }

  #isBefore(ends: Offsets): boolean {
    for (const [partition, end] of ends) if ((this.#positions.get(partition) ?? 0) < end) return true;
    return false;
  }

  /** The next records before `ends`, as many as a block may hold. */
  async #gather(ends: Offsets, signal: AbortSignal): Promise<Block> {
    const { maxBlockRows, maxBlockBytes } = this.options;
    const block = this.#createBlock();
    const takesMore = (): boolean => block.rows < maxBlockRows && block.place.bytes < maxBlockBytes && !block.isFull;
    try {
      // What is before the ends of a partition that went never comes, and what comes of another is for later.
      while (this.#isBefore(ends) && takesMore() && !signal.aborted && !this.hasMoved()) {
        const records = await this.#poll(maxBlockBytes - block.place.bytes, signal);
        if (isAborted(signal)) break;
        // The bus answers a poll with what it has, so these offsets are gaps.
        if (records.length === 0) this.#skipTo(ends);
        for (const [partition, offset] of await this.#take(records, ends, block))
          this.deps.reader.seek(partition, offset);
      }
      await block.finish();
    } catch (error) {
      await block.discard();
      throw error;
    }
    return block;
  }

  #poll(maxBytes: number, signal: AbortSignal): Promise<readonly StoredRecord[]> {
    const { maxBlockRows, flushMs } = this.options;
    const [maxRecords, waitMs] = [Math.min(maxBlockRows, 1_000), flushMs];
    return this.deps.reader.poll({ maxRecords, maxBytes: Math.min(maxBytes, POLL_BYTES), waitMs }, signal);
  }

  /** @returns for each partition with records past its end, or past the block's, the first of these: they were not taken */
  async #take(records: readonly StoredRecord[], ends: Offsets, block: Block): Promise<ReadonlyMap<number, number>> {
    const past = new Map<number, number>();
    for (const record of records) {
      const { partition, offset } = record;
      if (offset < (ends.get(partition) ?? 0) && !block.isFull) {
        await block.add(record);
        this.#positions.set(partition, offset + 1);
      } else if (!past.has(partition)) {
        past.set(partition, offset);
        this.#positions.set(partition, offset);
      }
    }
    return past;
  }

  #skipTo(ends: Offsets): void {
    for (const [partition, end] of ends)
      this.#positions.set(partition, Math.max(end, this.#positions.get(partition) ?? 0));
  }

  async #writeAgain(again: Again, signal: AbortSignal): Promise<void> {
    const { pending } = again;
    const { token, times } = this.#refused;
    if (times >= MAX_REFUSALS && token === blockToken(this.table.tokenName, pending)) {
      await this.#writeApart(again, signal);
      return;
    }
    const block = this.#createBlock();
    if (!(await this.#readAgain(again, signal, (record) => block.add(record)))) return block.discard();
    await block.finish();
    await this.#write(block, signal, pending);
  }

  /** Nothing else is being read or written then: a block is refused in its own cycle at first. */
  async #writeApart(again: Again, signal: AbortSignal): Promise<void> {
    const records: StoredRecord[] = [];
    if (!(await this.#readAgain(again, signal, (record) => void records.push(record)))) return;
    records.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
    const { tokenName } = this.table;
    const { rows, skipped } = await writeApart(records, { createBlock: this.#createBlock, tokenName, signal });
    await this.#bury(skipped);
    await this.#settle(again.pending, rows);
  }

  /** @returns false when it went to another writer, who writes it from what was committed */
  async #readAgain(
    { pending, turns }: Again,
    signal: AbortSignal,
    take: (record: StoredRecord) => void | Promise<void>,
  ): Promise<boolean> {
    const { reader } = this.deps;
    const missing = new Map(pending.map(([partition, , last]) => [partition, last]));
    for (const [partition, first] of pending) reader.seek(partition, first);
    while (missing.size > 0) {
      const records = await this.#poll(this.options.maxBlockBytes, signal);
      signal.throwIfAborted();
      // What comes now is of other partitions, and need not end.
      const now = reader.assigned();
      if (pending.some(([partition]) => now.get(partition) !== turns.get(partition))) return false;
      if (records.length === 0) break;
      for (const record of records) {
        const range = pending.find(([partition]) => partition === record.partition);
        if (range === undefined) continue;
        if (record.offset >= range[1] && record.offset <= range[2]) await take(record);
        if (record.offset >= range[2]) missing.delete(record.partition);
      }
    }
    return true;
  }

  async #write(block: Block, signal: AbortSignal, pending?: readonly OffsetRange[]): Promise<void> {
    const { state } = this.deps;
    const ranges = pending ?? block.place.ranges();
    const token = blockToken(this.table.tokenName, ranges);
    try {
      if (ranges.length === 0) return;
      await state.put([[this.#pendingKey, JSON.stringify(ranges)]]);
      faultPoint('writer-before-insert');
      const rows = await block.insert(token, signal);
      await this.#bury(block.skipped);
      faultPoint('writer-after-insert');
      await this.#settle(ranges, rows);
    } catch (error) {
      if (isOfRows(error))
        this.#refused = { token, times: token === this.#refused.token ? this.#refused.times + 1 : 1 };
      throw error;
    } finally {
      await block.discard();
    }
  }

  async #settle(ranges: readonly OffsetRange[], rows: number): Promise<void> {
    const { reader, state, metrics } = this.deps;
    const { topic } = this.table;
    for (const [partition, , last] of ranges) await reader.commit(partition, last + 1);
    await state.delete([this.#pendingKey]);
    this.#refused = { token: '', times: 0 };
    metrics.rows.add(rows, { topic });
    metrics.blocks.add(1, { topic });
  }

  /** Before the offsets move: what could not be read, or is refused by itself, is then in the dead letters, or comes again. */
  async #bury(skipped: readonly Skipped[]): Promise<void> {
    if (skipped.length === 0) return;
    const { topic } = this.table;
    const { log, logger, metrics } = this.deps;
    await bury(toGivenUp(skipped), log);
    metrics.skipped.add(skipped.length, { topic });
    for (const { record, error } of skipped) {
      const { partition, offset, key } = record;
      logger.error(
        { topic, partition, offset, key, error },
        `a record cannot be ${isOfRows(error) ? 'written' : 'read'} and is not in the store; assay dead-letters show ${recordId(record)} tells more`,
      );
    }
  }
}

/** A call, because the compiler takes a signal that was not aborted for one that never is. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function parseRanges(json: string | undefined): readonly OffsetRange[] {
  return json === undefined ? [] : (JSON.parse(json) as readonly OffsetRange[]);
}
