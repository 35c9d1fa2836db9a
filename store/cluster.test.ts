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

  it('has every table replicated, in the arguments that the engine wants of it', async () => {
    const replicated = (await statements()).filter((statement) => statement.includes(' ENGINE = Replicated'));
    for (const statement of replicated) await rows(statement.replace(ON_CLUSTER, ''));
    const made = await rows(
      `SELECT name, engine FROM system.tables WHERE database = 'default' AND engine LIKE '%Tree' ORDER BY name`,
    );
    const paths = await rows(`SELECT DISTINCT replaceOne(zookeeper_path, table, '') FROM system.replicas`);
    // The engine cannot end while a table waits for a keeper that it can write to.
    for (const line of made.split('\n')) await rows(`DROP TABLE ${line.split('\t')[0]} SYNC`);
    expect(made.split('\n')).toEqual([
      'assay_adversarial_local\tReplicatedMergeTree',
      'assay_alarms_local\tReplicatedReplacingMergeTree',
      'assay_decisions_local\tReplicatedReplacingMergeTree',
      'assay_erasures_local\tReplicatedReplacingMergeTree',
      'assay_labels_local\tReplicatedReplacingMergeTree',
      'assay_outbox_local\tReplicatedReplacingMergeTree',
      'assay_policies_local\tReplicatedReplacingMergeTree',
      'assay_retention_local\tReplicatedReplacingMergeTree',
      'assay_spend_local\tReplicatedReplacingMergeTree',
      'assay_verdicts_local\tReplicatedReplacingMergeTree',
      'otel_logs_local\tReplicatedMergeTree',
      'otel_traces_local\tReplicatedMergeTree',
      'otel_traces_trace_id_ts_local\tReplicatedAggregatingMergeTree',
    ]);
    expect(paths).toBe('/clickhouse/tables/1/default/');
  });

  it('answers every view without settings, subqueries over all shards included', async () => {
    for (const statement of await statements())
      await rows(
        statement.replace(ON_CLUSTER, '').replace(/ENGINE = Replicated(\w+)\('[^']+', '[^']+'(?:, )?/, 'ENGINE = $1('),
      );
    const views = await rows(`SELECT name FROM system.tables WHERE database = 'default' AND engine = 'View'`);
    expect(views.split('\n')).toContain('assay_ledger');
    for (const view of views.split('\n')) expect(await rows(`SELECT count() FROM ${view}`), view).toBe('0');
    const naive = 'SELECT count() FROM otel_traces WHERE TraceId IN (SELECT trace_id FROM assay_decisions)';
    await expect(rows(naive)).rejects.toThrow(/DISTRIBUTED_IN_JOIN_SUBQUERY_DENIED/);
    expect(await rows(`${naive} SETTINGS distributed_product_mode = 'global'`)).toBe('0');
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
    await migrate(one);
    await migrate(many);
    await expect(migrate(manyAsOne)).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringMatching(/got tables of a cluster; give its name in store\.clickhouse\.cluster/) as unknown,
    });
    await expect(migrate(oneAsMany)).rejects.toMatchObject({
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
