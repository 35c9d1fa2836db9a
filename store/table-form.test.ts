import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStoreConnection, type StoreConnection } from './connection.js';
import { migrate, readMigrations } from './migrate.js';
import { openTestStore, type TestStore } from './stores.test-support.js';
import { clusterTables, EMBEDDED_TABLES, fillIn, SERVER_TABLES } from './table-form.js';

const TABLE = 'CREATE TABLE t {on_cluster} (a Int8) ENGINE = {engine:ReplacingMergeTree(a)} ORDER BY a SETTINGS ';

describe('the tables of a migration', () => {
  it('say on a server what the embedded engine has in its configuration', () => {
    expect(fillIn(`${TABLE}non_replicated_deduplication_window = 1000`, EMBEDDED_TABLES)).toEqual([
      'CREATE TABLE t (a Int8) ENGINE = ReplacingMergeTree(a) ORDER BY a SETTINGS non_replicated_deduplication_window = 1000',
    ]);
    expect(fillIn(`${TABLE}non_replicated_deduplication_window = 1000`, SERVER_TABLES)).toEqual([
      'CREATE TABLE t (a Int8) ENGINE = ReplacingMergeTree(a) ORDER BY a SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1',
    ]);
  });

  it('leave no place unfilled', async () => {
    for (const form of [EMBEDDED_TABLES, SERVER_TABLES, clusterTables({ name: 'c', database: 'd' })])
      for (const { statements } of await readMigrations(form))
        for (const statement of statements)
          expect(statement).not.toMatch(/\{(on_cluster|engine|sharded|local|each|global)/);
  });
});

describe('the tables of a server', () => {
  let store: TestStore;
  let connection: StoreConnection;

  beforeAll(async () => {
    store = await openTestStore('behind HTTP');
    connection = await openStoreConnection(store.options);
    await migrate(connection);
  });
  afterAll(async () => {
    await connection.close();
    await store.close();
  });

  it('drop a block that comes twice, and are on disk before they answer, each of them', async () => {
    const tables = await connection.rows<{ name: string; sql: string }>(
      `SELECT name, create_table_query AS sql FROM system.tables
       WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND name != 'assay_migrations'`,
    );
    expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(['otel_traces', 'assay_verdicts']));
    for (const { name, sql } of tables)
      for (const setting of ['deduplication_window = 1000', 'fsync_after_insert = 1', 'fsync_part_directory = 1'])
        expect(sql, name).toContain(setting);
  });
});
