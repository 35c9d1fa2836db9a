import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../core/secret.js';
import type { StoreServer } from '../serve/store-server.js';
import { startTestServer } from '../stores.test-support.js';
import { type ClickhouseConfig, clickhouseConfig } from './config.js';
import { openHttpConnection } from './connection.js';

const run = promisify(execFile);
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** An authority, and a certificate of it for each name. */
async function certify(folder: string, authority: string, names: readonly string[]): Promise<void> {
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): Promise<unknown> => run('openssl', args);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  await openssl(
    ...['req', '-x509', ...key, '-subj', `/CN=${authority}`],
    ...['-keyout', at(`${authority}.key`), '-out', at(`${authority}.pem`)],
  );
  await writeFile(at('names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  for (const name of names) {
    await openssl(
      ...['req', '-new', ...key.slice(0, -2), '-subj', `/CN=${name}`],
      ...['-keyout', at(`${name}.key`), '-out', at(`${name}.csr`)],
    );
    const sign = ['-CA', at(`${authority}.pem`), '-CAkey', at(`${authority}.key`), '-CAcreateserial', '-days', '2'];
    await openssl(
      ...['x509', '-req', '-in', at(`${name}.csr`), ...sign, '-extfile', at('names'), '-out', at(`${name}.pem`)],
    );
  }
}

describe.skipIf(!hasOpenssl)('a ClickHouse behind TLS (needs the command openssl)', () => {
  let root: string;
  let server: StoreServer;
  let front: HttpsServer;
  let strict: HttpsServer;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'assay-tls-'));
    await certify(root, 'ours', ['server', 'client']);
    await certify(root, 'theirs', ['stranger']);
    server = await startTestServer(join(root, 'engine'), { username: 'assay', password: 'pass' });
    front = await inFront({});
    strict = await inFront({ requestCert: true, rejectUnauthorized: true, ca: await readFile(join(root, 'ours.pem')) });
  });
  afterAll(async () => {
    for (const each of [front, strict]) {
      each.closeAllConnections();
      each.close();
    }
    await server.stop(AbortSignal.timeout(10_000));
    await rm(root, { recursive: true, force: true });
  });

  async function inFront(options: object): Promise<HttpsServer> {
    const [cert, key] = [await readFile(join(root, 'server.pem')), await readFile(join(root, 'server.key'))];
    const https = createServer({ cert, key, ...options }, (incoming, answer) => {
      const { method, url, headers } = incoming;
      const to = new URL(url ?? '/', server.url);
      const onwards = request(to, { method, headers: { ...headers, host: to.host } }, (got) => {
        answer.writeHead(got.statusCode ?? 500, got.headers);
        got.pipe(answer);
      });
      incoming.pipe(onwards);
    });
    await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve));
    return https;
  }

  const open = (to: HttpsServer, changes: Partial<Omit<ClickhouseConfig, 'url'>>) =>
    openHttpConnection({
      ...clickhouseConfig.parse({}),
      ...{ username: 'assay', password: new Secret('pass'), tls: { ca: join(root, 'ours.pem') } },
      url: `https://127.0.0.1:${(to.address() as AddressInfo).port}`,
      ...changes,
    });

  const clientCertificate = (): ClickhouseConfig['tls'] => ({
    ca: join(root, 'ours.pem'),
    cert: join(root, 'client.pem'),
    key: join(root, 'client.key'),
  });

  it('reads and writes with the authority of its certificate', async () => {
    const connection = await open(front, {});
    await connection.run('CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a');
    await connection.insert({ table: 't', lines: '{"a":7}', token: '1' });
    expect(await connection.rows('SELECT a FROM t')).toEqual([{ a: 7 }]);
    await connection.close();
  });

  it('shows a certificate of its own where one is asked for', async () => {
    const connection = await open(strict, { tls: clientCertificate() });
    expect(await connection.rows('SELECT 1 AS a')).toEqual([{ a: 1 }]);
    await connection.close();
    await expect(open(strict, {})).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(
        /^expected ClickHouse at https:\S+ \(store\.clickhouse\.url\) to answer/,
      ) as unknown,
    });
  });

  it.each([
    ['another authority', 'theirs.pem'],
    ['no authority but those of Node.js', undefined],
  ])('says what to do where it trusts %s', async (_, ca) => {
    await expect(open(front, { tls: ca === undefined ? {} : { ca: join(root, ca) } })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(
        /over TLS with a certificate that can be trusted, got [A-Z_]+; check the address, and give the authority in store\.clickhouse\.tls\.ca$/,
      ) as unknown,
    });
  });

  it('says through TLS too that the password is wrong', async () => {
    await expect(open(front, { password: new Secret('wrong') })).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringMatching(/let the user "assay" in, got AUTHENTICATION_FAILED/) as unknown,
    });
  });
});
