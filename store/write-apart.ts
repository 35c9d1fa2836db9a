import type { StoredRecord } from '../core/log.js';
import { type Block, blockToken, type Skipped } from './block.js';
import { isOfRows } from './refused-codes.js';

export interface ApartDeps {
  readonly createBlock: () => Block;
  readonly tokenName: string;
  readonly signal: AbortSignal;
}

/** What came of records that were refused together. */
export interface Apart {
  readonly rows: number;
  /** Those that could not be read, and those that are refused by themselves. */
  readonly skipped: readonly Skipped[];
}

/**
 * Writes the records of a block that was refused for rows in it: all together once more, else in halves, down to the records
 * that the store refuses by themselves.
 *
 * Each half has the token of its own offsets, so that it is stored once however often this is begun. What the store had taken of
 * the whole block before it refused the rest, as one shard may, has another token: those rows lie in `otel_traces` twice, as
 * after a sender that retried.
 * @param records - in order of partition and offset
 * @throws {PipelineError} STORE_UNAVAILABLE and the like: the records must come again
 */
export async function writeApart(records: readonly StoredRecord[], deps: ApartDeps): Promise<Apart> {
  const { createBlock, tokenName, signal } = deps;
  const [first] = records;
  if (first === undefined) return { rows: 0, skipped: [] };
  signal.throwIfAborted();
  const block = createBlock();
  try {
    for (const record of records) await block.add(record);
    await block.finish();
    const rows = await block.insert(blockToken(tokenName, block.place.ranges()), signal);
    return { rows, skipped: block.skipped };
  } catch (error) {
    if (!isOfRows(error)) throw error;
    if (records.length === 1) return { rows: 0, skipped: [{ record: first, error }] };
  } finally {
    await block.discard();
  }
  const middle = records.length >> 1;
  const before = await writeApart(records.slice(0, middle), deps);
  const after = await writeApart(records.slice(middle), deps);
  return { rows: before.rows + after.rows, skipped: [...before.skipped, ...after.skipped] };
}
