import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../core/secret.js';
import type { StoreServer } from '../serve/store-server.js';
import { startTestServer } from '../stores.test-support.js';
import type { StoreConnection } from '../store-connection.js';
import type { Server } from './client.js';
import { clickhouseConfig } from './config.js';
import { openHttpConnection } from './connection.js';

const MEBIBYTE = 1024 * 1024;
const defaults = clickhouseConfig.parse({});

describe('a connection over HTTP', () => {
  let root: string;
  let server: StoreServer;
  let connection: StoreConnection;
  let to: Server;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'assay-http-'));
    server = await startTestServer(join(root, 'engine'), { password: 'pass', slowMs: 1_500 });
    to = { ...defaults, url: server.url, password: new Secret('pass') };
    connection = await openHttpConnection(to);
    await connection.run(
      'CREATE TABLE t (a Int64, b Float64) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 1000',
    );
  });

  afterEach(async () => {
    await connection.run('TRUNCATE TABLE t');
  });

  afterAll(async () => {
    await connection.close();
    await connection.close();
    await server.stop(AbortSignal.timeout(10_000));
    await rm(root, { recursive: true, force: true });
  });

  async function count(): Promise<number> {
    const [row] = await connection.rows<{ n: number }>('SELECT count() AS n FROM t');
    return row!.n;
  }

  /** One column, one row, of `Int64`: 6. */
  async function nativeBlock(): Promise<{
    readonly table: string;
    readonly columns: [[string, string]];
    readonly path: string;
    readonly rows: number;
  }> {
    const path = join(root, "one's block.native");
    await writeFile(
      path,
      Buffer.from('010101610549' + Buffer.from('nt64').toString('hex') + '0600000000000000', 'hex'),
    );
    return { table: 't', columns: [['a', 'Int64']], path, rows: 1 };
  }

  it('stores a block once, however often it comes with its token', async () => {
    const block = {
      table: 't',
      lines: '{"a":1,"b":0.30000000000000004}\n{"a":2,"b":1e-7}',
      token: "spans:0:1-2'x\\ #&",
    };
    for (let n = 0; n < 3; n += 1) await connection.insert(block);
    expect(await connection.rows('SELECT a, b FROM t ORDER BY a')).toEqual([
      { a: 1, b: 0.30000000000000004 },
      { a: 2, b: 1e-7 },
    ]);
    const native = await nativeBlock();
    for (const token of ['one', 'one', 'two']) await connection.insertNative({ ...native, token });
    expect(await count()).toBe(4);
  });

  it.each([true, false])(
    'adds no row when the answers of an insert are lost after the commit (Native: %s)',
    async (isNative) => {
      const native = await nativeBlock();
      server.arm('drop-answer', 2);
      if (isNative) await connection.insertNative({ ...native, token: 'lost native' });
      else await connection.insert({ table: 't', lines: '{"a":1}\n{"a":2}', token: 'lost' });
      expect(await count()).toBe(isNative ? 1 : 2);
    },
  );

  it('gives up after some tries, and the same block later is still stored once', async () => {
    server.arm('drop-answer', 3);
    const block = { table: 't', lines: '{"a":1}', token: 'lost for long' };
    await expect(connection.insert(block)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await connection.insert(block);
    expect(await count()).toBe(1);
  });

  it('tries again while there are too many parts, and says so when it stays', async () => {
    server.arm('too-many-parts', 2);
    await connection.insert({ table: 't', lines: '{"a":1}', token: 'parts' });
    expect(await count()).toBe(1);
    server.arm('too-many-parts', 3);
    await expect(connection.insert({ table: 't', lines: '{"a":1}', token: 'more parts' })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/to take a block, got TOO_MANY_PARTS \(code 252\).*tried again/) as unknown,
    });
    expect(await count()).toBe(1);
  });

  it('does not wait for an answer for ever, and stores the block once all the same', async () => {
    const hasty = await openHttpConnection({ ...to, requestTimeoutMs: 500 });
    server.arm('slow-answer', 1);
    await hasty.insert({ table: 't', lines: '{"a":1}', token: 'slow' });
    await hasty.close();
    expect(await count()).toBe(1);
  });

  it('reads 64-bit integers as numbers, and sends no setting with one statement that stays for the next', async () => {
    await connection.insert({ table: 't', lines: '{"a":1}', token: 'first' });
    await connection.run('INSERT INTO t SETTINGS async_insert = 0 FORMAT JSONEachRow\n{"a":9007199254740991}');
    expect(await connection.rows('SELECT a, toUInt64(a) AS u FROM t ORDER BY a DESC LIMIT 1')).toEqual([
      { a: 9_007_199_254_740_991, u: 9_007_199_254_740_991 },
    ]);
    expect(await count()).toBe(2);
  });

  it('binds parameters, so that a value is never part of the statement', async () => {
    const text = `'; DROP TABLE t; -- \\ {a: String} \n\t"`;
    const params = { text, list: [text, '', "it's"], n: 7, ids: [1, 2] };
    const [row] = await connection.rows(
      'SELECT {text: String} AS text, {list: Array(String)} AS list, {n: UInt32} AS n, {ids: Array(UInt8)} AS ids',
      params,
    );
    expect(row).toEqual(params);
  });

  it('takes a long list of parameters', async () => {
    const ids = Array.from({ length: 1_000 }, (_, n) => n.toString(16).padStart(32, '0'));
    const [row] = await connection.rows('SELECT length({ids: Array(String)}) AS n', { ids });
    expect(row).toEqual({ n: 1_000 });
  });

  it('works uncompressed too', async () => {
    const plain = await openHttpConnection({ ...to, compression: 'none' });
    await plain.insert({ table: 't', lines: '{"a":1}', token: 'plain' });
    expect(await plain.rows('SELECT a FROM t')).toEqual([{ a: 1 }]);
    await plain.close();
  });

  it('says whether the same statement can succeed later', async () => {
    await expect(connection.rows('SELECT nothing FROM t')).rejects.toMatchObject({ code: 'STORE_REFUSED' });
    await expect(connection.rows('SELECT throwIf(1)')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(connection.run('DROP TABLE nowhere')).rejects.toMatchObject({ code: 'STORE_REFUSED' });
  });

  it.each([
    [
      'a wrong password',
      { password: new Secret('wrong') },
      'STORE_REFUSED',
      /^expected ClickHouse at \S+ to let the user "default" in, got AUTHENTICATION_FAILED \(code 516\); correct store\.clickhouse\.username and store\.clickhouse\.password$/,
    ],
    [
      'an unknown database',
      { database: 'nowhere' },
      'STORE_REFUSED',
      /to have the database "nowhere", got UNKNOWN_DATABASE \(code 81\); create it with CREATE DATABASE nowhere, or correct store\.clickhouse\.database$/,
    ],
    [
      'a wrong address',
      { url: 'http://127.0.0.1:1' },
      'STORE_UNAVAILABLE',
      /^expected ClickHouse at http:\/\/127\.0\.0\.1:1 \(store\.clickhouse\.url\) to answer, got ECONNREFUSED; check the address/,
    ],
    [
      'a certificate that is not there',
      { tls: { ca: '/nowhere/ca.pem' } },
      'CONFIG_INVALID',
      /tls\.ca: .* got ENOENT at \/nowhere\/ca\.pem/,
    ],
  ] as const)('says in one sentence what to do about %s', async (...[, changes, code, message]) => {
    await expect(openHttpConnection({ ...to, ...changes })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as unknown,
    });
  });

  it('says that TLS is not what is spoken there', async () => {
    await expect(openHttpConnection({ ...to, url: to.url.replace('http:', 'https:') })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/over TLS|to answer, got/) as unknown,
    });
  });

  it('takes a block of many megabytes', async () => {
    await connection.run('CREATE TABLE wide (a String) ENGINE = MergeTree ORDER BY tuple()');
    const line = JSON.stringify({ a: 'x'.repeat(MEBIBYTE) });
    await connection.insert({ table: 'wide', lines: Array.from({ length: 16 }, () => line).join('\n'), token: 'wide' });
    expect(await connection.rows('SELECT sum(length(a)) AS bytes FROM wide')).toEqual([{ bytes: 16 * MEBIBYTE }]);
  });
});

describe('a connection to something else', () => {
  let other: HttpServer;
  let answer: { readonly status: number; readonly headers?: Record<string, string>; readonly body: string };

  beforeAll(async () => {
    other = createServer((request, response) => {
      request.resume();
      response.writeHead(answer.status, answer.headers ?? {}).end(answer.body);
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  });

  afterAll(() => {
    other.closeAllConnections();
    other.close();
  });

  const open = (): Promise<StoreConnection> =>
    openHttpConnection({
      ...defaults,
      username: 'assay',
      url: `http://127.0.0.1:${(other.address() as AddressInfo).port}`,
    });

  it('names the grant that a user lacks, as an administrator would give it', async () => {
    answer = {
      status: 403,
      headers: { 'x-clickhouse-exception-code': '497' },
      body: "Code: 497. DB::Exception: assay: Not enough privileges. To execute this query, it's necessary to have the grant CREATE TABLE ON default.otel_traces. (ACCESS_DENIED) (version 25.8.1.1)\n",
    };
    await expect(open()).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringMatching(
        /let an administrator run: GRANT CREATE TABLE ON default\.otel_traces TO assay$/,
      ) as unknown,
    });
  });

  it('refuses a server whose days are not those of UTC', async () => {
    answer = { status: 200, body: '{"zone":"Europe/Berlin"}\n' };
    await expect(open()).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringMatching(/time zone UTC.*got "Europe\/Berlin"; set <timezone>/) as unknown,
    });
  });

  it('says that it is no ClickHouse', async () => {
    answer = { status: 404, body: '<html>not found</html>' };
    await expect(open()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(
        /as ClickHouse does, got: <html>not found<\/html>; check that the address/,
      ) as unknown,
    });
  });
});
