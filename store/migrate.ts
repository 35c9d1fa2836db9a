import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '../core/errors.js';
import { packageRoot } from '../core/package-root.js';
import type { StoreConnection } from './connection.js';
import { runBesideOthers } from './run-beside-others.js';
import { EMBEDDED_TABLES, fillIn, type TableForm } from './table-form.js';

const BOOKKEEPING = `CREATE TABLE IF NOT EXISTS assay_migrations{local} {on_cluster}
  (version UInt32, name String, applied_at DateTime64(3) DEFAULT now64(3))
  ENGINE = {engine:ReplacingMergeTree(applied_at)} {sharded_by:cityHash64(version)}
  ORDER BY version`;

const FILE_NAME = /^(\d{4})-([a-z0-9-]+)\.sql$/;

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly statements: readonly string[];
}

/**
 * Brings the store's tables and views up to this version. Additive, and safe to run again: each migration runs once, and
 * every statement of it holds when it is repeated after a crash in the middle.
 * @returns versions that were applied now, in order
 */
export async function migrate(connection: StoreConnection): Promise<readonly number[]> {
  await keepBooks(connection);
  const rows = await connection.rows<{ version: number }>('SELECT DISTINCT version FROM assay_migrations');
  const applied = new Set(rows.map((row) => row.version));
  const missing = (await readMigrations(connection.tableForm)).filter((migration) => !applied.has(migration.version));
  for (const { version, name, statements } of missing) {
    for (const statement of statements) await runBesideOthers(connection, statement);
    await connection.run('INSERT INTO assay_migrations (version, name) SELECT {version: UInt32}, {name: String}', {
      version,
      name,
    });
  }
  return missing.map((migration) => migration.version);
}

/** Looked for first, because a statement for a whole cluster waits for all of its servers, and one of them may be away. */
async function keepBooks(connection: StoreConnection): Promise<void> {
  const { tableForm } = connection;
  const [own] = await connection.rows<{ engine: string }>(
    `SELECT engine FROM system.tables WHERE database = currentDatabase() AND name = 'assay_migrations'`,
  );
  if (own === undefined) {
    for (const statement of fillIn(BOOKKEEPING, tableForm)) await connection.run(statement);
    return;
  }
  const isDistributed = own.engine === 'Distributed';
  if (isDistributed === (tableForm.cluster !== undefined)) return;
  throw new PipelineError(
    'STORE_REFUSED',
    isDistributed
      ? 'expected tables of one server in this database, got tables of a cluster; give its name in store.clickhouse.cluster, or another database'
      : `expected tables of a cluster in this database, got an assay_migrations that is ${own.engine}; choose another store.clickhouse.database for the cluster, since tables of one server do not become those of a cluster`,
  );
}

/** The newest migration that a store has had, and the newest of this package. */
export interface SchemaState {
  readonly version: number;
  readonly knownVersion: number;
}

/** A store is ahead of the package when a newer Assay has had it. */
export async function schemaState(connection: StoreConnection): Promise<SchemaState> {
  const [row] = await connection.rows<{ version: number }>('SELECT max(version) AS version FROM assay_migrations');
  return { version: row?.version ?? 0, knownVersion: (await readMigrations()).at(-1)?.version ?? 0 };
}

/** The migrations of this package, in order of their numbers, as this kind of store takes them. */
export async function readMigrations(form: TableForm = EMBEDDED_TABLES): Promise<readonly Migration[]> {
  const folder = join(packageRoot(), 'store', 'migrations');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (file) => {
      const [, version, name] = FILE_NAME.exec(file) ?? [];
      if (version === undefined || name === undefined) {
        throw new Error(`expected migrations named like 0001-name.sql in ${folder}, got ${file}`);
      }
      return {
        version: Number(version),
        name,
        statements: toStatements(await readFile(join(folder, file), 'utf8'), form),
      };
    }),
  );
}

/** Comment lines go. */
function toStatements(sql: string, form: TableForm): readonly string[] {
  return sql
    .replaceAll(/^\s*--.*$/gm, '')
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
    .flatMap((statement) => fillIn(statement, form));
}
