import { faultPoint } from '../core/fault-points.js';
import type { LogReader, StoredRecord } from '../core/log.js';
import type { Logger } from '../core/logger.js';
import type { State } from '../core/state.js';
import { type Block, BlockBuilder, blockToken, pieceToken, type OffsetRange, type Skipped } from './block.js';
import type { StoreConfig } from './config.js';
import type { StoreConnection } from './connection.js';
import type { TopicTable } from './topic-tables.js';
import type { WriterMetrics } from './writer-metrics.js';

/** First offset of each partition that is not meant. */
export type Offsets = ReadonlyMap<number, number>;

export interface TopicWriterDeps {
  readonly reader: LogReader;
  readonly state: State;
  readonly connection: StoreConnection;
  readonly logger: Logger;
  readonly metrics: WriterMetrics;
}

/** Moves one topic into its table, in blocks that can be written twice without a trace of it. */
export class TopicWriter {
  /** Next offset of each partition. */
  #positions = new Map<number, number>();
  readonly #pendingKey: string;

  constructor(
    private readonly table: TopicTable,
    private readonly options: StoreConfig,
    private readonly deps: TopicWriterDeps,
  ) {
    this.#pendingKey = `pending/${table.topic}`;
  }

  /**
   * Takes up where the last writer, or a failed cycle, left off: a block whose insert may or may not have happened is read
   * again, alone, and inserted again with the same token, which the engine drops if it has it.
   */
  async recover(signal: AbortSignal): Promise<void> {
    const { reader, state } = this.deps;
    const pending = parseRanges(state.get(this.#pendingKey));
    if (pending.length > 0) {
      const committed = await reader.committed();
      const done = pending.every(([partition, , last]) => (committed.get(partition) ?? 0) > last);
      if (!done) await this.#writeAgain(pending, signal);
      else await state.delete([this.#pendingKey]);
    }
    this.#positions = new Map(await reader.committed());
    for (const [partition, offset] of this.#positions) reader.seek(partition, offset);
  }

  /** Writes all records before these offsets. */
  async writeUpTo(ends: Offsets, signal: AbortSignal): Promise<void> {
    while (this.#isBefore(ends) && !signal.aborted) await this.#write(await this.#gather(ends, signal), signal);
  }

  #isBefore(ends: Offsets): boolean {
    for (const [partition, end] of ends) if ((this.#positions.get(partition) ?? 0) < end) return true;
    return false;
  }

  /** The next records before `ends`, as many as a block may hold. */
  async #gather(ends: Offsets, signal: AbortSignal): Promise<BlockBuilder> {
    const { maxBlockRows, maxBlockBytes } = this.options;
    const block = new BlockBuilder(this.table);
    const takesMore = (): boolean => block.rows < maxBlockRows && block.bytes < maxBlockBytes && !block.isFull;
    while (this.#isBefore(ends) && takesMore() && !signal.aborted) {
      const records = await this.#poll(maxBlockBytes - block.bytes, signal);
      if (isAborted(signal)) break;
      // The bus answers a poll with what it has, so these offsets are gaps.
      if (records.length === 0) this.#skipTo(ends);
      for (const [partition, offset] of this.#take(records, ends, block)) this.deps.reader.seek(partition, offset);
    }
    return block;
  }

  #poll(maxBytes: number, signal: AbortSignal): Promise<readonly StoredRecord[]> {
    const { maxBlockRows, flushMs } = this.options;
    return this.deps.reader.poll({ maxRecords: Math.min(maxBlockRows, 1_000), maxBytes, waitMs: flushMs }, signal);
  }

  /** @returns for each partition with records past its end, or past the block's, the first of these: they were not taken */
  #take(records: readonly StoredRecord[], ends: Offsets, block: BlockBuilder): ReadonlyMap<number, number> {
    const past = new Map<number, number>();
    for (const record of records) {
      const { partition, offset } = record;
      if (offset < (ends.get(partition) ?? 0) && !block.isFull) {
        block.add(record);
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

  async #writeAgain(pending: readonly OffsetRange[], signal: AbortSignal): Promise<void> {
    const block = new BlockBuilder(this.table);
    const missing = new Map(pending.map(([partition, , last]) => [partition, last]));
    for (const [partition, first] of pending) this.deps.reader.seek(partition, first);
    while (missing.size > 0) {
      const records = await this.#poll(this.options.maxBlockBytes, signal);
      signal.throwIfAborted();
      if (records.length === 0) break;
      for (const record of records) {
        const range = pending.find(([partition]) => partition === record.partition);
        if (range === undefined) continue;
        if (record.offset >= range[1] && record.offset <= range[2]) block.add(record);
        if (record.offset >= range[2]) missing.delete(record.partition);
      }
    }
    await this.#write(block, signal, pending);
  }

  async #write(builder: BlockBuilder, signal: AbortSignal, pending?: readonly OffsetRange[]): Promise<void> {
    const { reader, state, metrics } = this.deps;
    const block = builder.build();
    const ranges = pending ?? block.ranges;
    if (ranges.length === 0) return;
    this.#report(builder.skipped);
    await state.put([[this.#pendingKey, JSON.stringify(ranges)]]);
    faultPoint('writer-before-insert');
    const rows = await this.#insert(block.pieces, blockToken(this.table.topic, ranges), signal);
    faultPoint('writer-after-insert');
    for (const [partition, , last] of ranges) await reader.commit(partition, last + 1);
    await state.delete([this.#pendingKey]);
    metrics.rows.add(rows, { topic: this.table.topic });
    metrics.blocks.add(1, { topic: this.table.topic });
  }

  /** @returns how many rows it wrote */
  async #insert(pieces: Block['pieces'], token: string, signal: AbortSignal): Promise<number> {
    const { table } = this.table;
    let rows = 0;
    let index = 0;
    for (const lines of pieces) {
      // Between two pieces the block stays pending: the next start writes it again, and the engine drops what it has.
      if (index > 0) signal.throwIfAborted();
      await this.deps.connection.insert({ table, lines: lines.join('\n'), token: pieceToken(token, index) });
      rows += lines.length;
      index += 1;
    }
    return rows;
  }

  #report(skipped: readonly Skipped[]): void {
    const { topic } = this.table;
    if (skipped.length > 0) this.deps.metrics.skipped.add(skipped.length, { topic });
    for (const { record, error } of skipped) {
      const { partition, offset, key } = record;
      this.deps.logger.error(
        { topic, partition, offset, key, error },
        'a record cannot be read and is not in the store',
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
