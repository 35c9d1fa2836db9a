import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStoreConnection, type StoreConnection } from './connection.js';
import { migrate, readMigrations } from './migrate.js';
import { openTestStore, STORES, type TestStore } from './stores.test-support.js';

describe.each(STORES)('migrate (%s)', (kind) => {
  let store: TestStore;
  let connection: StoreConnection;

  beforeAll(async () => {
    store = await openTestStore(kind);
    connection = await openStoreConnection(store.options);
  });

  afterAll(async () => {
    await connection.close();
    await store.close();
  });

  it('applies every migration once, in order, and nothing the second time', async () => {
    const numbers = (await readMigrations()).map((migration) => migration.version);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    expect(await migrate(connection)).toEqual(numbers);
    expect(await migrate(connection)).toEqual([]);
  });

  it('holds when every statement of every migration runs again, as after a crash in the middle', async () => {
    for (const migration of await readMigrations(connection.tableForm)) {
      for (const statement of migration.statements) await connection.run(statement);
    }
    const tables = await connection.rows<{ name: string }>(
      'SELECT name FROM system.tables WHERE database = currentDatabase()',
    );
    expect(tables.map((table) => table.name)).toEqual(
      expect.arrayContaining([
        'otel_traces',
        'otel_traces_trace_id_ts',
        'assay_spans',
        'assay_decisions',
        'assay_ledger',
        'assay_alarms_current',
        'assay_outbox_unique',
      ]),
    );
  });
});
