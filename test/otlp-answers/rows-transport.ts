import { gzipSync } from 'node:zlib';
import { PipelineError } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import { callRaw, framed, rawSession, TRACE_SERVICE } from '../helpers/otlp-grpc.js';
import { JSON_TYPE, PROTOBUF, sendBytes, sendHttp, type HttpSend } from '../helpers/otlp-http.js';
import {
  BAD,
  both,
  grpc,
  gzip,
  gzipped,
  http,
  json,
  jsonRequest,
  jsonSpan,
  OK,
  protobuf,
  request,
  seenGrpc,
  seenHttp,
  VALID,
  type Case,
  type Row,
  type Seen,
} from './cases.js';
import type { World } from './world.js';

const JSON_VALID = jsonRequest(jsonSpan());
const MEBIBYTE = 1024 * 1024;
const LIMIT = 64 * MEBIBYTE;

/** A gibibyte of zeros in one mebibyte: many members, as gzip may have. */
let bomb: Buffer | undefined;
const gzipBomb = (): Buffer => (bomb ??= Buffer.concat(new Array<Buffer>(16).fill(gzipSync(Buffer.alloc(LIMIT)))));

const bombed =
  (name: string, send: (world: World) => Promise<Seen>): ((world: World) => Promise<Seen>) =>
  async (world) => {
    world.peakInFlightBytes();
    const seen = await send(world);
    const peak = world.peakInFlightBytes();
    if (peak > LIMIT + 2 * MEBIBYTE)
      throw new Error(`expected at most ${LIMIT} bytes in flight for ${name}, got ${peak}`);
    return seen;
  };

/** Sends to a receiver with these settings. */
const with_ =
  (
    settings: object,
    act: (url: { url: string; grpcUrl: string | undefined }) => Promise<Seen>,
    append?: Log['append'],
  ) =>
  async (world: World): Promise<Seen> =>
    act(await world.start(settings, append));

const httpWith = (
  of: string,
  status: string,
  { settings, ...send }: HttpSend & { settings: object; shows?: readonly string[] },
): Case => ({
  of,
  via: 'HTTP',
  status,
  act: with_(settings, async ({ url }) => seenHttp(await sendHttp(url, send), send.shows)),
});

const SLOW = { http: { requestTimeoutMs: 100, headersTimeoutMs: 100 }, grpc: { requestTimeoutMs: 100 } };
const TOKEN = 'token-of-acme-0123456789';
const AUTH = {
  auth: {
    tokens: [
      { token: TOKEN, tenant: 'acme' },
      { token: 'token-for-logs-0123456789', signals: ['logs'] },
    ],
  },
};
const ORIGIN = 'https://app.example.com';
const CORS = { http: { cors: { allowedOrigins: [ORIGIN] } } };
const CORS_HEADERS = [
  'access-control-allow-origin',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-allow-credentials',
  'vary',
];
const CHALLENGE = ['www-authenticate'];

const down: Log['append'] = () =>
  Promise.reject(new PipelineError('BUS_UNAVAILABLE', 'expected a disk with room, got a full one'));

/** Fills what may be in flight with a request that the bus does not take, and sends another. */
const crowded =
  (send: (target: { url: string; grpcUrl: string | undefined }) => Promise<Seen>) =>
  async (world: World): Promise<Seen> => {
    let [arrived, take] = [(): void => undefined, (): void => undefined];
    const appending = new Promise<void>((resolve) => (arrived = resolve));
    const taken = new Promise<void>((resolve) => (take = resolve));
    const target = await world.start({ maxBodyBytes: 10_000, maxInFlightBytes: 40_000 }, async () => {
      arrived();
      await taken;
    });
    const spans = Array.from({ length: 21 }, (_, index) => ({ traceId: (index + 1).toString(16).padStart(32, '0') }));
    const first = sendHttp(target.url, { headers: PROTOBUF, body: request(...spans) });
    await appending;
    const seen = await send(target);
    take();
    if ((await first).status !== 200) throw new Error('expected the request that was in flight to be taken');
    return seen;
  };

const large = request({ name: 'x'.repeat(9_000) });

/** Rows about methods, headers, encodings, sizes, connections and who may send. */
export const TRANSPORT_ROWS: readonly Row[] = [
  {
    number: 1,
    input: 'GET, PUT, PATCH on /v1/traces',
    cases: ['GET', 'PUT', 'PATCH'].map((method) => http(method, '405', { method, shows: ['allow'] })),
  },
  { number: 2, input: 'POST without Content-Type', cases: [http('none', '415', { body: VALID })] },
  {
    number: 3,
    input: 'Content-Type text/plain, application/xml, a form',
    choice:
      'text/plain is refused unless `collector.http.acceptTextPlain` is set: it needs no preflight, so that any web page could send.',
    cases: [
      ...['text/plain', 'application/xml', 'application/x-www-form-urlencoded'].map((type) =>
        http(type, '415', { headers: { 'content-type': type }, body: JSON_VALID }),
      ),
      httpWith('text/plain where that is allowed', OK, {
        settings: { http: { acceptTextPlain: true } },
        headers: { 'content-type': 'text/plain;charset=UTF-8' },
        body: JSON_VALID,
      }),
    ],
  },
  {
    number: 4,
    input: '`Application/JSON; charset=UTF-8`',
    cases: [
      json('a charset, and capitals', OK, JSON_VALID, {
        headers: { 'content-type': 'Application/JSON; charset=UTF-8' },
        shows: ['content-type'],
      }),
    ],
  },
  { number: 5, input: 'JSON type, protobuf body', cases: [json('a valid request', BAD, VALID)] },
  { number: 6, input: 'protobuf type, JSON body', cases: both('a valid request', BAD, Buffer.from(JSON_VALID)) },
  {
    number: 7,
    input: '`Content-Encoding: gzip`, body not gzip',
    cases: gzipped('a valid request', { protobuf: VALID, json: Buffer.from(JSON_VALID) }),
  },
  {
    number: 8,
    input: 'gzip stream cut short',
    cases: gzipped('without its last 9 bytes', {
      protobuf: gzip(VALID).subarray(0, -9),
      json: gzip(JSON_VALID).subarray(0, -9),
    }),
  },
  {
    number: 9,
    input: 'gzip bomb (1 MB → 1 GB)',
    choice: 'No more than the limit is in flight while it inflates; the rest is never inflated.',
    cases: [
      ...[PROTOBUF, JSON_TYPE].map((type): Case => ({
        of: '1 GiB of zeros',
        via: type === PROTOBUF ? 'HTTP protobuf' : 'HTTP JSON',
        status: '413',
        act: bombed(type['content-type'], async ({ collector }) =>
          seenHttp(
            await sendHttp(collector.url, { headers: { ...type, 'content-encoding': 'gzip' }, body: gzipBomb() }),
          ),
        ),
      })),
      {
        of: '1 GiB of zeros',
        via: 'gRPC',
        status: 'RESOURCE_EXHAUSTED',
        act: bombed('gRPC', async ({ collector }) =>
          seenGrpc(await callRaw(collector, { bytes: framed(gzipBomb(), 1), headers: { 'grpc-encoding': 'gzip' } })),
        ),
      },
    ],
  },
  {
    number: 10,
    input: 'Content-Length over the limit',
    cases: [
      {
        of: 'before a byte of the body',
        via: 'HTTP',
        status: '413',
        act: async ({ collector }) =>
          rawSeen(
            await sendBytes(
              collector.url,
              `POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${LIMIT + 1}\r\n\r\n`,
            ),
          ),
      },
      grpc('by the head of the message', 'RESOURCE_EXHAUSTED', {
        bytes: framed(new Uint8Array(8), 0, LIMIT + 1),
        ends: false,
      }),
    ],
  },
  {
    number: 11,
    input: 'chunked body, no length, over the limit',
    cases: [
      httpWith('over it', '413', { settings: { maxBodyBytes: 10_000 }, headers: PROTOBUF, body: [large, large] }),
      protobuf('under it', OK, [VALID.subarray(0, 9), VALID.subarray(9)]),
    ],
  },
  {
    number: 12,
    input: 'Content-Encoding br, zstd, "gzip, gzip"',
    choice: '415 with Accept-Encoding, as RFC 9110 has it, and not 400: nothing is wrong with the body.',
    cases: [
      ...['br', 'zstd', 'gzip, gzip'].map((encoding) =>
        protobuf(encoding, '415', VALID, { headers: { 'content-encoding': encoding }, shows: ['accept-encoding'] }),
      ),
      protobuf('identity', OK, VALID, { headers: { 'content-encoding': 'identity' } }),
      grpc('zstd', 'UNIMPLEMENTED', { bytes: framed(VALID, 1), headers: { 'grpc-encoding': 'zstd' } }),
      grpc('identity', 'OK', { bytes: framed(VALID), headers: { 'grpc-encoding': 'identity' } }),
    ],
  },
  {
    number: 13,
    input: 'wrong path, trailing garbage',
    cases: [
      ...['/v1/trace', '/v1/traces/x', '/'].map((path) => protobuf(path, '404', VALID, { path })),
      grpc('an unknown method', 'UNIMPLEMENTED', {
        path: TRACE_SERVICE.replace('Export', 'Import'),
        bytes: framed(VALID),
      }),
    ],
  },
  {
    number: 14,
    input: 'client aborts mid-body, or is slow',
    choice: '408 at the read timeout, and the connection is closed; over gRPC the call alone ends.',
    cases: [
      {
        of: 'aborts',
        via: 'HTTP',
        status: 'none',
        act: async ({ collector }) => rawSeen(await sendAndLeave(collector.url)),
      },
      {
        of: 'too slow',
        via: 'HTTP',
        status: '408',
        act: with_(SLOW, async ({ url }) => rawSeen(await sendBytes(url, PART))),
      },
      { of: 'aborts', via: 'gRPC', status: 'none', act: ({ collector }) => cancelled(collector) },
      {
        of: 'too slow',
        via: 'gRPC',
        status: 'DEADLINE_EXCEEDED',
        act: with_(SLOW, async (target) =>
          seenGrpc(await callRaw(target, { bytes: framed(VALID).subarray(0, 9), ends: false })),
        ),
      },
    ],
  },
  {
    number: 15,
    input: 'no, malformed, unknown credentials; a right key for another signal',
    cases: [
      httpWith('none', '401', { settings: AUTH, headers: PROTOBUF, body: VALID, shows: CHALLENGE }),
      httpWith('malformed', '401', {
        settings: AUTH,
        headers: { ...PROTOBUF, authorization: TOKEN },
        body: VALID,
        shows: CHALLENGE,
      }),
      httpWith('unknown', '401', {
        settings: AUTH,
        headers: { ...PROTOBUF, authorization: `Bearer ${TOKEN}x` },
        body: VALID,
        shows: CHALLENGE,
      }),
      httpWith('for logs alone', '403', {
        settings: AUTH,
        headers: { ...PROTOBUF, 'x-api-key': 'token-for-logs-0123456789' },
        body: VALID,
      }),
      httpWith('right', OK, {
        settings: AUTH,
        headers: { ...PROTOBUF, authorization: `Basic ${Buffer.from(`user:${TOKEN}`).toString('base64')}` },
        body: VALID,
      }),
      ...(
        [
          ['none', {}, 'UNAUTHENTICATED'],
          ['unknown', { authorization: 'Bearer another-token-0123456789' }, 'UNAUTHENTICATED'],
          ['for logs alone', { 'x-api-key': 'token-for-logs-0123456789' }, 'PERMISSION_DENIED'],
          ['right', { authorization: `Bearer ${TOKEN}` }, 'OK'],
        ] as const
      ).map(([of, headers, status]): Case => ({
        of,
        via: 'gRPC',
        status,
        act: with_(AUTH, async (target) =>
          seenGrpc(await callRaw(target, { bytes: framed(VALID), headers: { ...headers } })),
        ),
      })),
    ],
  },
  {
    number: 16,
    input: 'too many bytes in flight',
    choice: '503 and not 429: it is the receiver that is full, whoever sends.',
    cases: [
      {
        of: 'the bus is slow',
        via: 'HTTP',
        status: '503',
        act: crowded(async ({ url }) =>
          seenHttp(await sendHttp(url, { headers: PROTOBUF, body: large }), ['retry-after']),
        ),
      },
      {
        of: 'the bus is slow',
        via: 'gRPC',
        status: 'UNAVAILABLE',
        act: crowded(async (target) => seenGrpc(await callRaw(target, { bytes: framed(large) }))),
      },
    ],
  },
  {
    number: 17,
    input: 'the bus refuses after the request was read',
    choice: '503 and never 500, which SDKs do not send again.',
    cases: [
      {
        of: 'disk full',
        via: 'HTTP',
        status: '503',
        act: with_(
          {},
          async ({ url }) => seenHttp(await sendHttp(url, { headers: JSON_TYPE, body: JSON_VALID }), ['retry-after']),
          down,
        ),
      },
      {
        of: 'disk full',
        via: 'gRPC',
        status: 'UNAVAILABLE',
        act: with_({}, async (target) => seenGrpc(await callRaw(target, { bytes: framed(VALID) })), down),
      },
    ],
  },
  {
    number: 18,
    input: 'OPTIONS preflight, allowed and unknown origin',
    choice:
      'A named origin may send credentials, as sendBeacon does; nobody may by default. An unknown one is told nothing, and its browser refuses.',
    cases: [
      httpWith('allowed', '204', {
        settings: CORS,
        method: 'OPTIONS',
        headers: { origin: ORIGIN, 'access-control-request-method': 'POST' },
        shows: CORS_HEADERS,
      }),
      httpWith('unknown', '204', {
        settings: CORS,
        method: 'OPTIONS',
        headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
        shows: CORS_HEADERS,
      }),
      http('by default', '204', {
        method: 'OPTIONS',
        headers: { origin: ORIGIN, 'access-control-request-method': 'POST' },
        shows: CORS_HEADERS,
      }),
      httpWith('the POST after it', OK, {
        settings: CORS,
        headers: { ...JSON_TYPE, origin: ORIGIN },
        body: JSON_VALID,
        shows: ['access-control-allow-origin', 'access-control-expose-headers', 'vary'],
      }),
    ],
  },
  {
    number: 19,
    input: 'nothing, `{}`, empty lists and envelopes',
    choice: 'Zero bytes are a valid protobuf message, and no JSON document.',
    cases: [
      ...both('zero bytes', OK, new Uint8Array()),
      ...both('an empty envelope', OK, Buffer.from('0a00', 'hex')),
      json('{}', OK, '{}'),
      json('{"resourceSpans":[]}', OK, '{"resourceSpans":[]}'),
      json('empty envelopes', OK, '{"resourceSpans":[{"scopeSpans":[{"spans":[]}]}]}'),
      json('zero bytes', BAD, ''),
    ],
  },
];

const PART =
  'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"resource';

/** Status and body of an answer as it came off the socket. */
function rawSeen(text: string): Seen {
  const [head = '', body = ''] = text.split('\r\n\r\n');
  const closes = /^connection: close$/im.test(head) ? ['connection: close'] : [];
  return {
    status: /^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 'none',
    body: [...closes, ...(body === '' ? [] : [body])].join('\n'),
  };
}

async function sendAndLeave(url: string): Promise<string> {
  const { connect } = await import('node:net');
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await new Promise<void>((resolve) => {
    socket.write(PART, () => {
      resolve();
    });
  });
  const closed = new Promise<void>((resolve) =>
    socket.once('close', () => {
      resolve();
    }),
  );
  socket.destroy();
  await closed;
  return '';
}

async function cancelled(target: { grpcUrl: string | undefined }): Promise<Seen> {
  const session = rawSession(target);
  const stream = session.request({
    ':method': 'POST',
    ':path': TRACE_SERVICE,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    stream.write(framed(VALID).subarray(0, 9), () => {
      resolve();
    });
  });
  const closed = new Promise<void>((resolve) =>
    stream.once('close', () => {
      resolve();
    }),
  );
  stream.close(8);
  await closed;
  return { status: 'none', body: '' };
}
