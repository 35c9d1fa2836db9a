import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../stores.test-support.js';
import type { StoreServer } from './store-server.js';

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** One column `a` of `Int64`, one row: 6. */
const NATIVE_SIX = Buffer.concat([
  Buffer.from([1, 1, 1]),
  Buffer.from('a\x05Int64'),
  Buffer.from([6, 0, 0, 0, 0, 0, 0, 0]),
]);

describe('assay store serve', () => {
  let root: string;
  let server: StoreServer;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'assay-serve-'));
    server = await startTestServer(join(root, 'engine'), { username: 'me', password: 'pass word' });
    await sql(
      'CREATE TABLE t (a Int64, b String) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100',
    );
  });

  afterAll(async () => {
    await server.stop(AbortSignal.timeout(10_000));
    await rm(root, { recursive: true, force: true });
  });

  const authorization = `Basic ${Buffer.from('me:pass word').toString('base64')}`;

  function ask(path: string, { method = 'POST', headers = {}, body }: Ask = {}): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const sent = { authorization, ...headers };
      const request = httpRequest(new URL(path, server.url), { method, headers: sent, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
        });
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  async function sql(text: string, params: Readonly<Record<string, string>> = {}): Promise<string> {
    const reply = await ask(`/?${new URLSearchParams(params).toString()}`, { body: text });
    expect(reply.body.toString()).toSatisfy(() => reply.status === 200);
    return reply.body.toString();
  }

  it('answers a ping, to whoever asks', async () => {
    expect(await ask('/ping', { method: 'GET', headers: { authorization: '' } })).toMatchObject({
      status: 200,
      body: Buffer.from('Ok.\n'),
    });
  });

  it('takes the query from the URL, from the body, or from both', async () => {
    const url = `/?query=${encodeURIComponent('SELECT 1 AS one FORMAT JSONEachRow')}`;
    expect((await ask(url, { method: 'GET' })).body.toString()).toBe('{"one":1}\n');
    expect(await sql('SELECT 2')).toBe('2\n');
    expect(await sql('+ 2', { query: 'SELECT 1' })).toBe('3\n');
  });

  it('says of an answer what it is and what it took', async () => {
    const { headers } = await ask('/?query_id=q-7', { body: 'SELECT 1 AS one FORMAT JSON' });
    expect(headers).toMatchObject({
      'x-clickhouse-query-id': 'q-7',
      'x-clickhouse-format': 'JSON',
      'x-clickhouse-timezone': 'UTC',
      'content-type': 'application/json; charset=UTF-8',
    });
    expect(JSON.parse(String(headers['x-clickhouse-summary']))).toMatchObject({ read_rows: '1' });
  });

  it.each([
    ['JSONEachRow', '{"n":0}\n{"n":1}\n'],
    ['CSVWithNames', '"n"\n0\n1\n'],
    ['JSONCompactEachRow', '[0]\n[1]\n'],
    ['Values', '(0),(1)'],
  ])('passes the format through: %s', async (format, text) => {
    for (const reply of [
      await ask('/', { body: `SELECT toUInt8(number) AS n FROM numbers(2) FORMAT ${format}` }),
      await ask(`/?default_format=${format}`, { body: 'SELECT toUInt8(number) AS n FROM numbers(2)' }),
      await ask('/', {
        body: 'SELECT toUInt8(number) AS n FROM numbers(2)',
        headers: { 'x-clickhouse-format': format },
      }),
    ])
      expect(reply.body.toString()).toBe(text);
  });

  it.each(['SHOW DATABASES', 'DESCRIBE TABLE t', 'EXISTS TABLE t', 'EXPLAIN SELECT 1', 'SHOW CREATE TABLE t'])(
    'answers %s',
    async (text) => {
      expect(await sql(text)).not.toBe('');
      expect(await sql(`${text} FORMAT JSONEachRow`)).toMatch(/^\{/);
    },
  );

  it('binds parameters', async () => {
    const text = "tab\there 'quoted' \\ back";
    const escaped = text.replaceAll('\\', '\\\\').replaceAll('\t', '\\t');
    const list = "['it\\'s','b']";
    expect(
      await sql('SELECT {s: String} AS s, {l: Array(String)} AS l, {n: UInt32} AS n FORMAT JSONEachRow', {
        ...{ param_s: escaped, param_l: list, param_n: '7' },
      }),
    ).toBe(`${JSON.stringify({ s: text, l: ["it's", 'b'], n: 7 })}\n`);
  });

  it('keeps a setting and a database for one request only', async () => {
    await sql('CREATE DATABASE IF NOT EXISTS other');
    expect(
      await sql("SELECT getSetting('max_threads'), currentDatabase()", { max_threads: '3', database: 'other' }),
    ).toBe('3\tother\n');
    const after = await sql("SELECT getSetting('max_threads'), currentDatabase()");
    expect(after).not.toContain('other');
    expect(after).not.toMatch(/^3\t/);
  });

  it.each([
    ['SELECT nothing', {}, 47, 500],
    ['SELECT * FROM nowhere', {}, 60, 404],
    ['SELECT 1', { database: 'nowhere' }, 81, 404],
    ['SELECT FROM WHERE', {}, 62, 400],
    ['SELECT 1', { no_such_setting: '1' }, 115, 500],
    ["SELECT * FROM file('/etc/passwd')", {}, 497, 403],
    ['SELECT * FROM {t: Identifier}', { param_t: '/etc/passwd' }, 497, 403],
    ['SELECT 1', { implicit_table_at_top_level: '/etc/passwd' }, 497, 403],
    ['SELECT 1', { session_id: 'x' }, 48, 501],
  ])('says what is wrong with %s %o in the words of ClickHouse', async (...[text, params, code, status]) => {
    const reply = await ask(`/?${new URLSearchParams(params).toString()}`, { body: text });
    expect(reply.status).toBe(status);
    expect(reply.headers['x-clickhouse-exception-code']).toBe(String(code));
    expect(reply.body.toString()).toMatch(new RegExp(`^Code: ${code}\\. DB::Exception: .+\\([A-Z_]+\\)`, 's'));
  });

  it('lets nobody in who does not know the password', async () => {
    for (const headers of [
      { authorization: '' },
      { authorization: `Basic ${Buffer.from('me:wrong').toString('base64')}` },
      { authorization: '', 'x-clickhouse-user': 'me', 'x-clickhouse-key': 'wrong' },
    ])
      expect(await ask('/', { body: 'SELECT 1', headers })).toMatchObject({ status: 403 });
    const headers = { authorization: '', 'x-clickhouse-user': 'me', 'x-clickhouse-key': 'pass word' };
    expect(await ask('/', { body: 'SELECT 1', headers })).toMatchObject({ status: 200 });
  });

  it('answers no page of a browser, and nobody who was led here by another name', async () => {
    for (const headers of [{ origin: 'http://localhost' }, { host: 'rebound.example:8123' }])
      expect(await ask('/', { body: 'SELECT 1', headers })).toMatchObject({ status: 403 });
  });

  it('writes nothing at a GET', async () => {
    const url = `/?query=${encodeURIComponent('TRUNCATE TABLE t')}`;
    expect((await ask(url, { method: 'GET' })).headers['x-clickhouse-exception-code']).toBe('164');
  });

  it('reads and writes gzip', async () => {
    const reply = await ask('/?enable_http_compression=1', {
      headers: { 'content-encoding': 'gzip', 'accept-encoding': 'gzip' },
      body: gzipSync('SELECT 7'),
    });
    expect(reply.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(reply.body).toString()).toBe('7\n');
    const broken = await ask('/', { headers: { 'content-encoding': 'gzip' }, body: 'no gzip' });
    expect(broken.status).toBe(500);
    expect(await sql('SELECT 1')).toBe('1\n');
  });

  it('sends rows while it reads them', async () => {
    const reply = await ask('/', { body: 'SELECT number FROM numbers(2000000) FORMAT TSV' });
    expect(reply.headers['content-length']).toBeUndefined();
    // One digit more for each power of ten, and the ends of the lines.
    expect(reply.body.length).toBe(
      10 * 1 + 90 * 2 + 900 * 3 + 9_000 * 4 + 90_000 * 5 + 900_000 * 6 + 1_000_000 * 7 + 2_000_000,
    );
  });

  it('goes on when a client stops reading', async () => {
    await new Promise<void>((resolve, reject) => {
      const request = httpRequest(
        server.url,
        { method: 'POST', headers: { authorization }, agent: false },
        (response) => {
          response.once('data', () => {
            response.destroy();
            resolve();
          });
        },
      );
      request.on('error', reject);
      request.end('SELECT number FROM numbers(100000000) FORMAT TSV');
    });
    expect(await sql('SELECT 1')).toBe('1\n');
  });

  it.each([
    [
      'its statement in the URL',
      (body: Buffer) => ({ path: `/?query=${encodeURIComponent('INSERT INTO t (a) FORMAT Native')}`, body }),
    ],
    [
      'its statement before it',
      (body: Buffer) => ({ path: '/?', body: Buffer.concat([Buffer.from('INSERT INTO t (a) FORMAT Native\n'), body]) }),
    ],
  ])('inserts a block of bytes with %s, once for each token', async (name, toRequest) => {
    await sql('TRUNCATE TABLE t');
    for (const token of ['first', 'first', 'second']) {
      const { path, body } = toRequest(NATIVE_SIX);
      const reply = await ask(
        `${path}&async_insert=0&insert_deduplication_token=${encodeURIComponent(`${name} ${token}`)}`,
        { body },
      );
      expect(reply.body.toString()).toBe('');
    }
    expect(await sql('SELECT a, b FROM t')).toBe('6\t\n6\t\n');
    expect(await readdir(join(root, 'engine', 'blocks')).catch(() => [])).toEqual([]);
  });

  it('inserts text', async () => {
    await sql('TRUNCATE TABLE t');
    await sql('INSERT INTO t FORMAT JSONEachRow\n{"a":1,"b":"x"}\n{"a":2,"b":"ü\\n"}');
    await sql('3\ty\n', { query: 'INSERT INTO t FORMAT TSV' });
    await sql("INSERT INTO t VALUES (4, 'z')");
    expect(await sql('SELECT * FROM t ORDER BY a FORMAT CSV')).toBe('1,"x"\n2,"ü\n"\n3,"y"\n4,"z"\n');
  });

  it('fails as it is told to, at the next inserts and no others', async () => {
    await sql('TRUNCATE TABLE t');
    const insert = (a: number): Promise<Reply> => ask('/', { body: `INSERT INTO t (a) FORMAT TSV\n${a}\n` });
    server.arm('too-many-parts', 1);
    expect((await insert(1)).headers['x-clickhouse-exception-code']).toBe('252');
    server.arm('drop-answer', 1);
    await expect(insert(2)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await insert(3)).status).toBe(200);
    expect(await sql('SELECT a FROM t ORDER BY a')).toBe('2\n3\n');
  });

  it('takes no directory that has something else in it', async () => {
    await startTestServer(join(root, 'engine', 'store')).then(
      () => expect.unreachable(),
      (error: unknown) => {
        expect(error).toMatchObject({ code: 'DATA_DIRECTORY_UNUSABLE' });
      },
    );
    await writeFile(join(root, 'a-file'), '');
    await expect(startTestServer(join(root, 'a-file'))).rejects.toMatchObject({ code: 'DATA_DIRECTORY_UNUSABLE' });
  });
});
