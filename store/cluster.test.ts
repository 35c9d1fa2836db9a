import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Session } from 'chdb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrate, readMigrations } from './migrate.js';
import { openHttpConnection } from './http/connection.js';
import { clickhouseConfig } from './http/config.js';
import { openTestStore, startTestServer } from './stores.test-support.js';
import { openStoreConnection } from './connection.js';
import { clusterTables } from './table-form.js';

const CLUSTER = 'two-shards';
const REPLICA = '<replica><host>localhost</host><port>9000</port></replica>';
/** Both shards are the engine itself. Its keeper is in memory, and enough to make a replicated table, not to write to it. */
const CONFIG = `<clickhouse>
  <tcp_port>9000</tcp_port>
  <remote_servers><${CLUSTER}><shard>${REPLICA}</shard><shard>${REPLICA}</shard></${CLUSTER}></remote_servers>
  <zookeeper><implementation>testkeeper</implementation></zookeeper>
  <macros><shard>1</shard><replica>1</replica></macros>
</clickhouse>`;

const ON_CLUSTER = ` ON CLUSTER '${CLUSTER}'`;

/** What is made on a cluster, in order. */
async function statements(): Promise<readonly string[]> {
  const migrations = await readMigrations(clusterTables({ name: CLUSTER, database: 'default' }));
  return migrations.flatMap((migration) => migration.statements);
}

describe('a cluster of two shards', () => {
  let root: string;
  let engine: Session;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'assay-cluster-'));
    await writeFile(join(root, 'config.xml'), CONFIG);
    engine = new Session(join(root, 'engine'), { connectionArgs: [`--config-file=${join(root, 'config.xml')}`] });
  });
  afterAll(async () => {
    engine.close();
    await rm(root, { recursive: true, force: true });
  });

  const rows = async (sql: string): Promise<string> => (await engine.queryAsync(sql, { format: 'TSV' })).text().trim();

  it('is named in every statement, each of which the engine reads', async () => {
    for (const statement of await statements()) {
      expect(statement).toContain(ON_CLUSTER);
      expect(await rows(`EXPLAIN AST ${statement}`)).toMatch(/^(CreateQuery|AlterQuery)/);
    }
  });

  it('makes every table replicated under a Distributed one, and every view over these', async () => {
    for (const statement of await statements()) await rows(statement.replace(ON_CLUSTER, ''));
    expect(
      await rows(
        `SELECT name, engine FROM system.tables WHERE database = 'default' AND engine LIKE '%Tree' ORDER BY name`,
      ),
    ).toBe(
      [
        'assay_decisions_local\tReplicatedReplacingMergeTree',
        'assay_erasures_local\tReplicatedReplacingMergeTree',
        'assay_policies_local\tReplicatedReplacingMergeTree',
        'assay_retention_local\tReplicatedReplacingMergeTree',
        'assay_spend_local\tReplicatedReplacingMergeTree',
        'assay_verdicts_local\tReplicatedReplacingMergeTree',
        'otel_logs_local\tReplicatedMergeTree',
        'otel_traces_local\tReplicatedMergeTree',
        'otel_traces_trace_id_ts_local\tReplicatedAggregatingMergeTree',
      ].join('\n'),
    );
    const distributed = await rows(
      `SELECT name FROM system.tables WHERE database = 'default' AND engine = 'Distributed'`,
    );
    expect(distributed.split('\n').sort()).toEqual([
      'assay_decisions',
      'assay_erasures',
      'assay_policies',
      'assay_retention',
      'assay_spend',
      'assay_verdicts',
      'otel_logs',
      'otel_traces',
      'otel_traces_trace_id_ts',
    ]);
    expect(
      await rows(`SELECT DISTINCT zookeeper_path LIKE '/clickhouse/tables/1/default/%_local' FROM system.replicas`),
    ).toBe('1');
  });

  it('answers every view without settings, subqueries over all shards included', async () => {
    const views = await rows(`SELECT name FROM system.tables WHERE database = 'default' AND engine = 'View'`);
    expect(views.split('\n')).toContain('assay_ledger');
    for (const view of views.split('\n')) expect(await rows(`SELECT count() FROM ${view}`), view).toBe('0');
  });
});

describe('a store on a cluster', () => {
  it('refuses a database that has the tables of one server, and the other way round', async () => {
    const root = await mkdtemp(join(tmpdir(), 'assay-cluster-'));
    const server = await startTestServer(root, { cluster: 'c' });
    const options = { ...clickhouseConfig.parse({}), url: server.url };
    for (const database of ['one', 'many']) {
      const connection = await openHttpConnection(options);
      await connection.run(`CREATE DATABASE ${database}`);
      await connection.close();
    }
    const open = (database: string, cluster?: string) =>
      openHttpConnection({ ...options, database, ...(cluster === undefined ? {} : { cluster }) });
    const opened = await Promise.all([open('one'), open('many', 'c'), open('many'), open('one', 'c')]);
    const [one, many, manyAsOne, oneAsMany] = opened;
    await migrate(one!);
    await migrate(many!);
    await expect(migrate(manyAsOne!)).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringMatching(/got tables of a cluster; give its name in store\.clickhouse\.cluster/) as unknown,
    });
    await expect(migrate(oneAsMany!)).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringMatching(/expected tables of a cluster.*ReplacingMergeTree; choose another/) as unknown,
    });
    for (const connection of opened) await connection.close();
    await server.stop(AbortSignal.timeout(10_000));
    await rm(root, { recursive: true, force: true });
  });

  it('refuses a cluster that the server does not know', async () => {
    const store = await openTestStore('a cluster');
    const { clickhouse } = store.options;
    await expect(
      openStoreConnection({ ...store.options, clickhouse: { ...clickhouse, cluster: 'elsewhere' } }),
    ).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringMatching(
        /to know the cluster "elsewhere", got assay-test_1; correct store\.clickhouse\.cluster/,
      ) as unknown,
    });
    await store.close();
  });
});
