import { quoted } from './quoted.js';

/** A file of rows for a table of the embedded engine. */
export interface FileRows {
  readonly table: string;
  readonly columns: readonly (readonly [name: string, type: string])[];
  readonly path: string;
  /** ClickHouse's name of it. */
  readonly format: string;
}

/** Settings of an insert out of a file: one part a day, and one token for all of it, however many blocks it has. */
const SETTINGS = [
  'async_insert = 0',
  'deduplicate_blocks_in_dependent_materialized_views = 1',
  // The engine does not deduplicate what it selects unless it is told that the order is always the same.
  "deduplicate_insert_select = 'enable_even_for_bad_queries'",
  'max_insert_threads = 1',
  'max_threads = 1',
  'min_insert_block_size_rows = 1000000000',
  'min_insert_block_size_bytes = 0',
].join(', ');

/** The statement by which the embedded engine inserts a file; `settings` come after its own and win over them. */
export function nativeInsert({ table, columns, path, format }: FileRows, settings: string): string {
  const names = columns.map(([name]) => `\`${name}\``).join(', ');
  const structure = columns.map(([name, type]) => `\`${name}\` ${type}`).join(', ');
  const source = `file(${quoted(path)}, ${quoted(format)}, ${quoted(structure)})`;
  const all = settings === '' ? SETTINGS : `${SETTINGS}, ${settings}`;
  return `INSERT INTO ${table} (${names}) SELECT ${names} FROM ${source} SETTINGS ${all}`;
}
