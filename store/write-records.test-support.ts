import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoredRecord } from '../core/log.js';
import { BlockFiles } from './block-files.js';
import type { StoreConnection } from './connection.js';
import { createBlocks, TOPIC_TABLES } from './topic-tables.js';

/** Writes records of one topic as the writer does, in one block. */
export async function writeRecords(
  connection: StoreConnection,
  records: readonly StoredRecord[],
  token: string,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'assay-blocks-'));
  const files = new BlockFiles(directory);
  await files.open();
  const table = TOPIC_TABLES.find(({ topic }) => topic === records[0]?.topic);
  if (table !== undefined) {
    const block = createBlocks(table, { connection, files })();
    for (const record of records) await block.add(record);
    await block.finish();
    await block.insert(`${table.topic} ${token}`, new AbortController().signal);
    await block.discard();
  }
  await files.close();
  await rm(directory, { recursive: true });
}
