import type { Prng } from '../prng.js';

/** A request over HTTP as it should be. */
export interface PlainRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** All bytes of one connection, of which something is wrong. */
export type Frame = (request: PlainRequest, prng: Prng) => Buffer;

const head = ({ method, path }: PlainRequest, lines: readonly string[]): Buffer =>
  Buffer.from(
    `${method} ${path} HTTP/1.1\r\nhost: fuzz\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`,
    'latin1',
  );
const linesOf = ({ headers }: PlainRequest): string[] =>
  Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
const whole = (request: PlainRequest, more: readonly string[] = []): Buffer =>
  Buffer.concat([
    head(request, [...linesOf(request), `content-length: ${request.body.length}`, ...more]),
    request.body,
  ]);
const chunk = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);

/** Requests that are wrong as HTTP. */
export const HTTP_FRAMES: Readonly<Record<string, Frame>> = {
  'http:length': (request, prng) => {
    const { length } = request.body;
    const declared = prng.pick<number | string>([
      length + 1,
      length + 1_000,
      Math.max(0, length - 1),
      0,
      -1,
      'x',
      '0x10',
      '1e3',
      '',
      2 ** 53,
      '9'.repeat(40),
    ]);
    return Buffer.concat([head(request, [...linesOf(request), `content-length: ${declared}`]), request.body]);
  },
  'http:two-lengths': (request, prng) => {
    const lengths = [request.body.length, prng.pick([request.body.length, 0, request.body.length + 5])];
    return Buffer.concat([
      head(request, [...linesOf(request), ...lengths.map((one) => `content-length: ${one}`)]),
      request.body,
    ]);
  },
  'http:length-and-chunks': (request) => {
    const lines = [...linesOf(request), `content-length: ${request.body.length}`, 'transfer-encoding: chunked'];
    return Buffer.concat([head(request, lines), chunk(request.body), Buffer.from('0\r\n\r\n')]);
  },
  'http:chunks': (request, prng) => {
    const lines = [...linesOf(request), 'transfer-encoding: chunked'];
    const at = prng.int(request.body.length + 1);
    const good = chunk(request.body.subarray(0, at));
    const bad = prng.pick([
      Buffer.from('zz\r\n'),
      Buffer.from('-1\r\n'),
      Buffer.from('ffffffffffffffffffff\r\n'),
      Buffer.from('ffffffff\r\nabc'),
      Buffer.from('5\r\nab'),
      Buffer.from('3\r\nabcdef\r\n'),
      Buffer.from(`${'0'.repeat(5_000)}\r\n\r\n`),
      Buffer.from(`0;${'e'.repeat(20_000)}\r\n\r\n`),
      Buffer.from('0\r\ncontent-length: 5\r\n\r\n'),
      Buffer.from('0\r\n\r\n'),
      Buffer.alloc(0),
      prng.bytes(40),
    ]);
    return Buffer.concat([head(request, lines), at === 0 ? Buffer.alloc(0) : good, bad]);
  },
  'http:tiny-chunks': (request) => {
    const pieces = Array.from({ length: Math.min(3_000, request.body.length) }, (_, at) =>
      chunk(request.body.subarray(at, at + 1)),
    );
    const rest = request.body.subarray(3_000);
    const lines = [...linesOf(request), 'transfer-encoding: chunked'];
    return Buffer.concat([
      head(request, lines),
      ...pieces,
      ...(rest.length === 0 ? [] : [chunk(rest)]),
      Buffer.from('0\r\n\r\n'),
    ]);
  },
  'http:encoding': (request, prng) => {
    const encoding = prng.pick(['gzip, chunked', 'identity', 'chunked, chunked', 'CHUNKED', 'x', '', 'chunked\u00e9']);
    return Buffer.concat([
      head(request, [...linesOf(request), `transfer-encoding: ${encoding}`]),
      chunk(request.body),
      Buffer.from('0\r\n\r\n'),
    ]);
  },
  'http:header': (request, prng) =>
    whole(
      request,
      prng.pick<readonly string[]>([
        [`x-big: ${'a'.repeat(20_000)}`],
        Array.from({ length: 3_000 }, (_, index) => `x-${index}: 1`),
        ['no colon'],
        [' folded: yes'],
        ['x-nul: a\0b'],
        ['x-high: \u00ff\u00fe'],
        ['content-type: application/json', 'content-type: application/x-protobuf'],
        ['content-type: application/json'],
        ['content-encoding: gzip', 'content-encoding: gzip'],
        ['content-encoding: GZIP'],
        ['content-encoding: '],
        ['expect: 100-continue'],
        ['expect: the unexpected'],
        ['upgrade: h2c', 'connection: upgrade, http2-settings', 'http2-settings: AAMAAABkAARAAAAAAAIAAAAA'],
        ['connection: close'],
        ['connection: \u00ff'],
        ['origin: null'],
        ['authorization: Basic '],
        ['authorization: Bearer a', 'authorization: Bearer b'],
        ['x-api-key: a', 'x-api-key: b'],
        ['trailer: x'],
        ['host: another'],
      ]),
    ),
  'http:method': (request, prng) =>
    whole({
      ...request,
      method: prng.pick(['GET', 'PUT', 'HEAD', 'OPTIONS', 'DELETE', 'TRACE', 'CONNECT', 'PRI', 'POSTS', 'post', '']),
    }),
  'http:path': (request, prng) =>
    whole({
      ...request,
      path: prng.pick([
        '*',
        '//v1/traces',
        '/v1/traces?x=1#y',
        '/v1/%74races',
        '/v1/traces/../logs',
        'http://other/v1/traces',
        `/${'a'.repeat(9_000)}`,
        '/\u00ff\u00fe',
        '/__proto__',
        '/constructor',
        '?',
        '/metrics',
        '/healthz',
        '/readyz',
        '/info',
        '/v1/metrics',
        '/v1/logs',
        '/otel/v1/traces',
        '/v1/traces\0',
      ]),
    }),
  'http:version': (request, prng) => {
    const line = prng.pick(['HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/9.9', 'HTTPS/1.1', '']);
    return Buffer.from(whole(request).toString('latin1').replace('HTTP/1.1', line), 'latin1');
  },
  'http:pipeline': (request, prng) => Buffer.concat(new Array<Buffer>(2 + prng.int(20)).fill(whole(request))),
  'http:pipeline-bad': (request, prng) => Buffer.concat([whole(request), prng.bytes(50), whole(request)]),
  'http:cut': (request, prng) => {
    const bytes = whole(request);
    return bytes.subarray(0, prng.int(bytes.length));
  },
  'http:garbage': (_, prng) =>
    prng.pick([
      prng.bytes(300),
      Buffer.from('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'latin1'),
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      Buffer.alloc(3_000),
    ]),
  'http:lines': (request, prng) => {
    const text = head(request, linesOf(request)).toString('latin1');
    return Buffer.concat([
      Buffer.from(text.replaceAll('\r\n', prng.pick(['\n', '\r', '\n\r', '\r\n\r\n'])), 'latin1'),
      request.body,
    ]);
  },
};

/** A message of gRPC as it should be. */
export interface PlainMessage {
  readonly message: Buffer;
  readonly gzip: boolean;
}

/** Frames of gRPC, of which something is wrong, and the headers that go with them. */
export const GRPC_FRAMES: Readonly<
  Record<
    string,
    (plain: PlainMessage, prng: Prng) => { readonly bytes: Buffer; readonly headers: Readonly<Record<string, string>> }
  >
> = {
  'grpc:length': ({ message, gzip }, prng) => {
    const { length } = message;
    const declared = prng.pick([length + 1, Math.max(0, length - 1), 0, 2 ** 31, 2 ** 32 - 1, 5 * 1024 * 1024]);
    return { bytes: frame(message, gzip ? 1 : 0, declared), headers: encodingOf(gzip) };
  },
  'grpc:flag': ({ message, gzip }, prng) => ({
    bytes: frame(message, prng.pick([1, 2, 9, 255])),
    headers: encodingOf(gzip),
  }),
  'grpc:no-encoding': ({ message }) => ({ bytes: frame(message, 1), headers: {} }),
  'grpc:encoding': ({ message }, prng) => ({
    bytes: frame(message, prng.int(2)),
    headers: { 'grpc-encoding': prng.pick(['identity', 'gzip', 'deflate', 'snappy', 'zstd', '', 'GZIP', 'gzip,gzip']) },
  }),
  'grpc:no-frame': (_, prng) => ({ bytes: prng.bytes(prng.int(5)), headers: {} }),
  'grpc:bare': ({ message }) => ({ bytes: message, headers: {} }),
  'grpc:two': ({ message }) => ({ bytes: Buffer.concat([frame(message), frame(message)]), headers: {} }),
  'grpc:tail': ({ message }, prng) => ({
    bytes: Buffer.concat([frame(message), prng.bytes(1 + prng.int(9))]),
    headers: {},
  }),
  'grpc:type': ({ message }, prng) => ({
    bytes: frame(message),
    headers: {
      'content-type': prng.pick([
        'application/grpc+proto',
        'application/grpc+json',
        'application/grpc-web',
        'application/json',
        'text/plain',
        '',
      ]),
    },
  }),
  'grpc:headers': ({ message }, prng) => ({
    bytes: frame(message),
    headers: prng.pick<Readonly<Record<string, string>>>([
      { 'grpc-timeout': '0n' },
      { 'grpc-timeout': 'soon' },
      { 'grpc-timeout': '99999999H' },
      { 'x-bin': '####' },
      { 'trace-bin': 'AAEC' },
      { 'x-big': 'a'.repeat(9_000) },
      { 'grpc-accept-encoding': 'none' },
      { authorization: '\u00e9' },
    ]),
  }),
};

/** A message with its head. */
export function frame(message: Buffer, flag = 0, declared = message.length): Buffer {
  const start = Buffer.alloc(FRAME_HEAD_BYTES);
  start.writeUInt8(flag, 0);
  start.writeUInt32BE(declared, 1);
  return Buffer.concat([start, message]);
}

export const encodingOf = (gzip: boolean): Readonly<Record<string, string>> =>
  gzip ? { 'grpc-encoding': 'gzip' } : {};

const FRAME_HEAD_BYTES = 5;
