import { systemClock } from '../core/clock.js';
import type { StoreConnection } from './connection.js';
import { quoted } from './quoted.js';
import type { TraceKey } from './span-queries.js';
import { alterable, localName, partsOf } from './table-form.js';

/** Keys in one statement. */
const BATCH = 500;
const DROP_TRIES = 50;
/** Servers of a cluster look for parts that may go by themselves, every half minute. */
const CLUSTER_PAUSE_MS = 2_000;

/**
 * For the length of a mutation: replaced parts may go at once, and what replaces them is synced to disk before, which the
 * engine otherwise leaves to the eight minutes for which it keeps replaced parts.
 */
const PARTS_GO_AT_ONCE =
  'old_parts_lifetime = 0, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1';
const PARTS_GO_LATER = 'old_parts_lifetime, min_rows_to_fsync_after_merge, min_compressed_bytes_to_fsync_after_merge';

/** A change of rows that must leave nothing of what it changed on disk. */
export interface Mutation {
  readonly table: string;
  /** Columns of tenant and trace id. */
  readonly key: string;
  readonly keys: readonly TraceKey[];
  /** Which of the keys' rows; all when it is left out. */
  readonly where?: string;
  /** What is set in them; they are deleted when it is left out. */
  readonly update?: string;
}

/** @returns how many rows were changed */
export async function mutate(connection: StoreConnection, mutation: Mutation): Promise<number> {
  let changed = 0;
  for (const keys of batchesOf(mutation.keys)) changed += await mutateBatch(connection, { ...mutation, keys });
  if (changed > 0) await dropReplacedParts(connection, mutation.table);
  return changed;
}

/** How many rows it would change. */
export async function countRows(connection: StoreConnection, mutation: Mutation): Promise<number> {
  let count = 0;
  for (const keys of batchesOf(mutation.keys)) {
    const rows = await connection.rows<{ rows: number }>(
      `SELECT count() AS rows FROM ${mutation.table} WHERE ${conditionOf({ ...mutation, keys })}`,
    );
    count += rows[0]?.rows ?? 0;
  }
  return count;
}

/** As many keys as one statement may name: the engine refuses one of 256 KiB. */
export function* batchesOf(keys: readonly TraceKey[]): Generator<readonly TraceKey[]> {
  for (let at = 0; at < keys.length; at += BATCH) yield keys.slice(at, at + BATCH);
}

/** `(tenant, trace id) IN (…)` as SQL. A literal, because an ALTER takes no parameters; of one batch of keys. */
export function keysCondition(key: string, keys: readonly TraceKey[]): string {
  const tuples = keys.map(({ tenant, traceId }) => `(${quoted(tenant)}, ${quoted(traceId)})`);
  return `(${key}) IN (${tuples.join(', ')})`;
}

/** Only in the partitions that are concerned, so that the parts of all others stay as they are. */
async function mutateBatch(connection: StoreConnection, mutation: Mutation): Promise<number> {
  const { table, update } = mutation;
  const condition = conditionOf(mutation);
  const partitions = await connection.rows<{ id: string; rows: number }>(
    `SELECT _partition_id AS id, count() AS rows FROM ${table} WHERE ${condition} GROUP BY id`,
  );
  const where = alterable(table, connection.tableForm);
  // On a cluster, on all replicas.
  const sync = `mutations_sync = ${connection.tableForm.cluster === undefined ? 1 : 2}`;
  let changed = 0;
  for (const { id, rows } of partitions) {
    const partition = `IN PARTITION ID ${quoted(id)}`;
    const change = update === undefined ? `DELETE ${partition}` : `UPDATE ${update} ${partition}`;
    await connection.run(`ALTER TABLE ${where} MODIFY SETTING ${PARTS_GO_AT_ONCE}`);
    await connection.run(`ALTER TABLE ${where} ${change} WHERE ${condition} SETTINGS ${sync}`);
    changed += rows;
  }
  return changed;
}

/**
 * To drop a partition, also one that is not there, makes the engine look for parts that may go. A part that a query reads
 * stays until that has ended.
 */
async function dropReplacedParts(connection: StoreConnection, table: string): Promise<void> {
  const { tableForm } = connection;
  const where = alterable(table, tableForm);
  await connection.run(`ALTER TABLE ${where} MODIFY SETTING ${PARTS_GO_AT_ONCE}`);
  for (let turn = 0; turn < DROP_TRIES; turn += 1) {
    await connection.run(`ALTER TABLE ${where} DROP PARTITION ID '19700101'`);
    const rows = await connection.rows<{ parts: number }>(
      `SELECT count() AS parts FROM ${partsOf(tableForm, 'all')} AND table = {table: String} AND NOT active`,
      { table: localName(table, tableForm) },
    );
    if (rows[0]?.parts === 0) break;
    if (tableForm.cluster !== undefined) await systemClock.sleep(CLUSTER_PAUSE_MS);
  }
  await connection.run(`ALTER TABLE ${where} RESET SETTING ${PARTS_GO_LATER}`);
}

function conditionOf({ key, keys, where }: Mutation): string {
  return `${keysCondition(key, keys)}${where === undefined ? '' : ` AND ${where}`}`;
}
