import { readFile } from 'node:fs/promises';
import {
  ClickHouseLogLevel,
  createClient,
  type ClickHouseClient,
  type ClickHouseClientConfigOptions,
} from '@clickhouse/client';
import { PipelineError } from '../../core/errors.js';
import type { ClickhouseConfig } from './config.js';

/** A ClickHouse server, and who asks it. */
export interface Server extends ClickhouseConfig {
  readonly url: string;
}

/** Progress comes as headers, one for each ten seconds: room for some hours of it. */
const MAX_HEADERS_BYTES = 1024 * 1024;

/**
 * The client of one server. It opens nothing yet but reads the certificates.
 * @throws {PipelineError} CONFIG_INVALID when a certificate cannot be read
 */
export async function createServerClient(server: Server): Promise<ClickHouseClient> {
  const { url, database, username, password, compression, requestTimeoutMs } = server;
  const tls = await readTls(server.tls);
  const isCompressed = compression === 'gzip';
  return createClient({
    url,
    database,
    username,
    password: password?.reveal() ?? '',
    application: 'assay',
    // The client leaves the name out where it is `default`, and the server may then take another of the user's own.
    http_headers: { 'x-clickhouse-database': database },
    request_timeout: requestTimeoutMs,
    compression: { request: isCompressed, response: isCompressed },
    max_response_headers_size: MAX_HEADERS_BYTES,
    // What goes wrong is thrown, and told by whoever catches it.
    log: { level: ClickHouseLogLevel.OFF },
    ...(tls === undefined ? {} : { tls }),
  });
}

type Tls = NonNullable<ClickHouseClientConfigOptions['tls']>;

async function readTls({ ca, cert, key }: ClickhouseConfig['tls']): Promise<Tls | undefined> {
  if (ca === undefined) return undefined;
  const authority = { ca_cert: await readPem('ca', ca) };
  if (cert === undefined || key === undefined) return authority;
  return { ...authority, cert: await readPem('cert', cert), key: await readPem('key', key) };
}

async function readPem(name: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new PipelineError(
      'CONFIG_INVALID',
      `store.clickhouse.tls.${name}: expected a PEM file that can be read, got ${reason} at ${path}; check the path and its mode`,
      { cause },
    );
  }
}
