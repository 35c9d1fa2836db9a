import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../core/package-root.js';
import type { StoreConnection } from './connection.js';
import { EMBEDDED_TABLES, fillIn, type TableForm } from './table-form.js';

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
  await connection.run(
    'CREATE TABLE IF NOT EXISTS assay_migrations (version UInt32, name String, applied_at DateTime64(3) DEFAULT now64(3)) ' +
      'ENGINE = ReplacingMergeTree(applied_at) ORDER BY version',
  );
  const rows = await connection.rows<{ version: number }>('SELECT DISTINCT version FROM assay_migrations');
  const applied = new Set(rows.map((row) => row.version));
  const missing = (await readMigrations(connection.tableForm)).filter((migration) => !applied.has(migration.version));
  for (const { version, name, statements } of missing) {
    for (const statement of statements) await connection.run(statement);
    await connection.run('INSERT INTO assay_migrations (version, name) SELECT {version: UInt32}, {name: String}', {
      version,
      name,
    });
  }
  return missing.map((migration) => migration.version);
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
  return fillIn(sql.replaceAll(/^\s*--.*$/gm, ''), form)
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
