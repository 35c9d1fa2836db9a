import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Exception } from './exception.js';
import type { RunOptions } from './run-statement.js';

/** Bytes of a body, unpacked. */
const MAX_BODY_BYTES = 256 * 1024 * 1024;

/** Who may ask. */
export interface Access {
  readonly username: string;
  readonly password: string;
}

/** Parameters that are no settings of the engine. Those that this server does without are named in `refuseUnserved`. */
const NO_SETTINGS = new Set([
  ...[
    'query',
    'query_id',
    'database',
    'default_format',
    'user',
    'password',
    'role',
    'quota_key',
    'session_id',
    'session_timeout',
  ],
  ...[
    'session_check',
    'compress',
    'decompress',
    'client_protocol_version',
    'wait_end_of_query',
    'buffer_size',
    'stacktrace',
  ],
  ...[
    'enable_http_compression',
    'http_zlib_compression_level',
    'http_response_buffer_size',
    'http_response_compression_method',
  ],
  ...[
    'send_progress_in_http_headers',
    'http_headers_progress_interval_ms',
    'http_native_compression_disable_checksumming_on_decompress',
  ],
  ...['cancel_http_readonly_queries_on_client_close', 'http_make_head_request', 'add_http_cors_header'],
]);

/** What a request says beside its statement. */
export function toRunOptions(url: URL, headers: IncomingHttpHeaders): RunOptions {
  refuseUnserved(url.searchParams);
  const settings = new Map<string, string>();
  const params = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    if (name.startsWith('param_')) params.set(name.slice('param_'.length), value);
    else if (!NO_SETTINGS.has(name)) settings.set(name, value);
  }
  const database = url.searchParams.get('database') ?? headerOf(headers, 'x-clickhouse-database');
  const format = url.searchParams.get('default_format') ?? headerOf(headers, 'x-clickhouse-format');
  return {
    settings,
    params,
    database: database === '' ? undefined : database,
    defaultFormat: format ?? 'TabSeparated',
    canStream: url.searchParams.get('wait_end_of_query') !== '1',
  };
}

function refuseUnserved(params: URLSearchParams): void {
  const isOn = (name: string): boolean => !['', '0'].includes(params.get(name) ?? '');
  for (const name of ['compress', 'decompress', 'session_id', 'role'])
    if (isOn(name)) throw new Exception(48, 'NOT_IMPLEMENTED', `assay store serve does without the parameter ${name}`);
}

/**
 * The statement, with the rows of an insert behind it: the parameter `query`, then the body.
 * @throws {Exception} for a body that is too large, or packed in a way that is not served
 */
export async function readStatement(url: URL, request: IncomingMessage): Promise<Buffer> {
  const query = url.searchParams.get('query');
  const body = request.method === 'GET' ? Buffer.alloc(0) : await readBody(request);
  if (query === null) return body;
  return Buffer.concat([Buffer.from(body.length === 0 ? query : `${query}\n`), body]);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'gzip' && encoding !== 'identity')
    throw new Exception(
      48,
      'NOT_IMPLEMENTED',
      `assay store serve reads bodies that are plain or gzip, got ${encoding}`,
    );
  const source: Readable = encoding === 'gzip' ? request.pipe(createGunzip()) : request;
  request.once('error', (error) => source.destroy(error));
  request.once('close', () => {
    if (!request.complete) source.destroy(new Exception(1000, 'POCO_EXCEPTION', 'The body ended before its end'));
  });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES)
      throw new Exception(307, 'TOO_MANY_BYTES', `assay store serve takes a body of ${MAX_BODY_BYTES} bytes at most`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** @throws {Exception} AUTHENTICATION_FAILED, which does not tell which of the two was wrong */
export function refuseStranger(url: URL, headers: IncomingHttpHeaders, access: Access): void {
  const [user, password] = credentialsOf(url, headers);
  if (isSame(user, access.username) && isSame(password, access.password)) return;
  throw new Exception(
    516,
    'AUTHENTICATION_FAILED',
    `${user}: Authentication failed: password is incorrect, or there is no user with such name`,
  );
}

function credentialsOf(url: URL, headers: IncomingHttpHeaders): readonly [user: string, password: string] {
  const basic = /^Basic (.+)$/i.exec(headers.authorization ?? '')?.[1];
  if (basic !== undefined) {
    const text = Buffer.from(basic, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    return colon === -1 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  }
  return [
    headerOf(headers, 'x-clickhouse-user') ?? url.searchParams.get('user') ?? 'default',
    headerOf(headers, 'x-clickhouse-key') ?? url.searchParams.get('password') ?? '',
  ];
}

function isSame(given: string, expected: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(expected));
}

/**
 * Whether a request comes from a program of this machine: a page in a browser sends its origin, and one that was led here by
 * a name of its own sends that.
 */
export function isLocal({ host, origin }: IncomingHttpHeaders): boolean {
  return origin === undefined && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i.test(host ?? '');
}

function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
