import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storeConfig } from './config.js';
import { openStoreConnection, type StoreConnection } from './connection.js';

const chdbPath = createRequire(import.meta.url).resolve('chdb');

describe('store connection', () => {
  let dataDirectory: string;
  let connection: StoreConnection;
  let worker: Worker | undefined;
  const options = storeConfig.parse({});

  beforeAll(async () => {
    dataDirectory = await mkdtemp(join(tmpdir(), 'assay-store-'));
    connection = await openStoreConnection({ ...options, dataDirectory });
    await connection.run(
      'CREATE TABLE t (a Int64, b Float64) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 1000',
    );
  });

  afterAll(async () => {
    await connection.close();
    await connection.close();
    // Not before: a thread that ends takes the engine with it.
    await worker?.terminate();
    await rm(dataDirectory, { recursive: true, force: true });
  });

  async function count(table = 't'): Promise<number> {
    const [row] = await connection.rows<{ n: number }>(`SELECT count() AS n FROM ${table}`);
    return row!.n;
  }

  it('stores a block once, however often it comes with its token', async () => {
    const block = { table: 't', lines: '{"a":1,"b":0.30000000000000004}\n{"a":2,"b":1e-7}', token: "spans:0:1-2'x\\" };
    await connection.insert(block);
    await connection.insert(block);
    expect(await connection.rows('SELECT a, b FROM t ORDER BY a')).toEqual([
      { a: 1, b: 0.30000000000000004 },
      { a: 2, b: 1e-7 },
    ]);
  });

  it('leaves no setting of an insert on its connection', async () => {
    const changed = `SELECT name, value FROM system.settings WHERE changed ORDER BY name`;
    const before = await connection.rows(changed);
    await connection.insert({ table: 't', lines: '{"a":3}', token: 'first' });
    expect(await connection.rows(changed)).toEqual(before);
    const rows = await count();
    // Another row without a token: a token that had stayed would drop it without a word.
    await connection.run('INSERT INTO t SETTINGS async_insert = 0 FORMAT JSONEachRow\n{"a":4}');
    await connection.insert({ table: 't', lines: '{"a":5}', token: 'second' });
    expect(await count()).toBe(rows + 2);
    const path = join(dataDirectory, "one's block.native");
    // One column, one row, of `Int64`: 6.
    await writeFile(
      path,
      Buffer.from('010101610549' + Buffer.from('nt64').toString('hex') + '0600000000000000', 'hex'),
    );
    const block = { table: 't', columns: [['a', 'Int64']], path, rows: 1 } as const;
    for (const token of ['third', 'third', 'fourth']) await connection.insertNative({ ...block, token });
    expect(await connection.rows(changed)).toEqual(before);
    await connection.run('INSERT INTO t SETTINGS async_insert = 0 FORMAT JSONEachRow\n{"a":6}');
    expect(await count()).toBe(rows + 5);
  });

  it('binds parameters, so that a value is never part of the statement', async () => {
    const text = `'; DROP TABLE t; -- \\ {a: String} \n\t"`;
    const [row] = await connection.rows(
      'SELECT {text: String} AS text, {list: Array(String)} AS list, {n: UInt32} AS n',
      {
        text,
        list: [text, ''],
        n: 7,
      },
    );
    expect(row).toEqual({ text, list: [text, ''], n: 7 });
  });

  it('takes text that is not well-formed, and names that mean something in JavaScript', async () => {
    await connection.run(
      'CREATE TABLE texts (a String, m Map(LowCardinality(String), String), at DateTime64(9)) ENGINE = MergeTree ORDER BY a',
    );
    const lines = [
      { a: 'cut \ud83d here', m: {}, at: '0000000000.000000007' },
      { a: 'zero \0 and \u{1F600}', m: JSON.parse('{"__proto__":"1"}') as object },
    ];
    await connection.insert({
      table: 'texts',
      lines: lines.map((line) => JSON.stringify(line)).join('\n'),
      token: 'texts',
    });
    const rows = await connection.rows<{ a: string; m: object; ns: string }>(
      'SELECT a, m, toString(toUnixTimestamp64Nano(at)) AS ns FROM texts ORDER BY a',
    );
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatchObject({ a: expect.stringMatching(/^cut .* here$/) as unknown, ns: '7' });
    expect(rows[1]!.a).toBe('zero \0 and \u{1F600}');
    expect(JSON.stringify(rows[1]!.m)).toBe('{"__proto__":"1"}');
  });

  it('says whether the same statement can succeed later', async () => {
    await expect(connection.rows('SELECT nothing FROM t')).rejects.toMatchObject({ code: 'STORE_REFUSED' });
    await expect(connection.rows(`SELECT throwIf(1)`)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('takes its memory limits from the configuration, and writes to disk', async () => {
    const [row] = await connection.rows(
      `SELECT (SELECT value FROM system.server_settings WHERE name = 'max_server_memory_usage') AS memory,
         (SELECT value FROM system.merge_tree_settings WHERE name = 'fsync_after_insert') AS fsync,
         getSetting('max_threads') AS threads`,
    );
    expect(row).toEqual({ memory: String(options.maxMemoryBytes), fsync: '1', threads: 2 });
  });

  it('is shared by the threads of a process, each with a connection of its own', async () => {
    const source = `
      const { parentPort, workerData } = require('node:worker_threads');
      const { Session } = require(workerData.chdbPath);
      const session = new Session(workerData.dataDirectory, { connectionArgs: ['--config-file=' + workerData.dataDirectory + '/engine.xml'] });
      session.query("INSERT INTO t SETTINGS async_insert = 0 VALUES (100, 1)");
      parentPort.once('message', () => {});
      parentPort.postMessage(Number(session.query('SELECT count() FROM t', 'TSV')));
      session.close();`;
    const before = await count();
    worker = new Worker(source, { eval: true, workerData: { chdbPath, dataDirectory } });
    const [seen] = (await once(worker, 'message')) as [number];
    expect(seen).toBe(before + 1);
    expect(await count()).toBe(before + 1);
  });

  it('answers a reader while a writer of another connection is busy', async () => {
    const reader = await openStoreConnection({ ...options, dataDirectory });
    try {
      let busy = true;
      const slow = connection
        .run('INSERT INTO t SELECT number, sleepEachRow(0.5) FROM numbers(6) SETTINGS max_block_size = 1')
        .then(() => {
          busy = false;
        });
      expect(await reader.rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      expect(busy).toBe(true);
      await slow;
    } finally {
      await reader.close();
    }
  });

  it('refuses a path that is no directory, and says so', async () => {
    const file = join(dataDirectory, 'a-file');
    await writeFile(file, '');
    await expect(openStoreConnection({ ...options, dataDirectory: file })).rejects.toMatchObject({
      code: 'DATA_DIRECTORY_UNUSABLE',
      message: expect.stringContaining(file) as unknown,
    });
  });
});
