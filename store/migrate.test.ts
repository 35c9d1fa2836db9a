import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStoreConnection, type StoreConnection } from './connection.js';
import { storeConfig } from './config.js';
import { migrate, readMigrations } from './migrate.js';

describe('migrate', () => {
  let dataDirectory: string;
  let connection: StoreConnection;

  beforeAll(async () => {
    dataDirectory = await mkdtemp(join(tmpdir(), 'assay-store-'));
    connection = await openStoreConnection({ ...storeConfig.parse({}), dataDirectory });
  });

  afterAll(async () => {
    await connection.close();
    await rm(dataDirectory, { recursive: true, force: true });
  });

  it('applies every migration once, in order, and nothing the second time', async () => {
    const numbers = (await readMigrations()).map((migration) => migration.version);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(await migrate(connection)).toEqual(numbers);
    expect(await migrate(connection)).toEqual([]);
  });

  it('holds when every statement of every migration runs again, as after a crash in the middle', async () => {
    for (const migration of await readMigrations()) {
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
      ]),
    );
  });
});
