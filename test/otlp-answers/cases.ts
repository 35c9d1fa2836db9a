import { gzipSync } from 'node:zlib';
import { status as codes } from '@grpc/grpc-js';
import type { Span } from '../../core/span.js';
import { encodeRequest, type SpanModel } from '../../core/otlp/testing.test-support.js';
import { WireReader } from '../../core/otlp/wire-reader.js';
import { callRaw, framed, type GrpcReply, type RawCall } from '../helpers/otlp-grpc.js';
import { JSON_TYPE, PROTOBUF, sendHttp, type HttpReply, type HttpSend } from '../helpers/otlp-http.js';
import type { World } from './world.js';

/** What a sender was answered. */
export interface Seen {
  readonly status: string;
  /** Empty for an empty answer. */
  readonly body: string;
}

/** One input, sent one way. */
export interface Case {
  readonly of: string;
  readonly via: 'HTTP' | 'HTTP protobuf' | 'HTTP JSON' | 'gRPC';
  /** What the contract asks for, stated before it is seen. */
  readonly status: string;
  readonly act: (world: World) => Promise<Seen>;
  /** Something to be seen of the spans that landed on the bus. */
  readonly look?: (spans: readonly Span[]) => unknown;
}

/** A row of the table. */
export interface Row {
  readonly number: number;
  readonly input: string;
  /** What was chosen where the protocol leaves a choice, and why. */
  readonly choice?: string;
  readonly cases: readonly Case[];
}

export const TRACE = '5b8efff798038103d269b633813fc60c';
export const SPAN = 'eee19b7ec3c1b174';
export const [OK, BAD, ARGUMENT] = ['200', '400', 'INVALID_ARGUMENT'] as const;

/** A whole span in OTLP/JSON, with changes. */
export function jsonSpan(changes: object = {}): object {
  return {
    traceId: TRACE,
    spanId: SPAN,
    name: 'chat',
    kind: 3,
    startTimeUnixNano: '1544712660000000000',
    endTimeUnixNano: '1544712661000000000',
    ...changes,
  };
}

export const jsonRequest = (...spans: readonly object[]): string =>
  JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });

/** A request with one attribute, its value as OTLP/JSON has it. */
export const jsonAttribute = (value: object, key = 'k'): string =>
  jsonRequest(jsonSpan({ attributes: [{ key, value }] }));

export const request = (...spans: readonly Partial<SpanModel>[]): Uint8Array =>
  encodeRequest([
    {
      scopes: [
        {
          spans: spans.map((span) => ({
            traceId: TRACE,
            spanId: SPAN,
            name: 'chat',
            startNs: 1_544_712_660_000_000_000n,
            ...span,
          })),
        },
      ],
    },
  ]);

export const VALID = request({});

/** What a case may have beside its body. */
export type Extra = Pick<Case, 'look'> &
  Pick<HttpSend, 'headers' | 'path' | 'method'> & { readonly shows?: readonly string[] };

export function http(of: string, status: string, send: HttpSend & Extra): Case {
  return {
    of,
    via: 'HTTP',
    status,
    act: async (world) => seenHttp(await sendHttp(world.collector.url, send), send.shows),
  };
}

type Body = NonNullable<HttpSend['body']>;
/** A body, and what goes with it. */
type Sent<B, E> = [body: B, extra?: E];

export function json(of: string, status: string, ...[body, extra = {}]: Sent<Body, Extra>): Case {
  const send = { ...extra, headers: { ...JSON_TYPE, ...extra.headers }, body };
  return { ...http(of, status, send), via: 'HTTP JSON', ...looking(extra) };
}

export function protobuf(of: string, status: string, ...[body, extra = {}]: Sent<Body, Extra>): Case {
  const send = { ...extra, headers: { ...PROTOBUF, ...extra.headers }, body };
  return { ...http(of, status, send), via: 'HTTP protobuf', ...looking(extra) };
}

export function grpc(of: string, status: string, call: RawCall & Pick<Case, 'look'>): Case {
  return {
    of,
    via: 'gRPC',
    status,
    act: async (world) => seenGrpc(await callRaw(world.collector, call)),
    ...looking(call),
  };
}

/** The same message over HTTP and over gRPC. */
export function both(
  of: string,
  status: string,
  ...[body, extra = {}]: Sent<Uint8Array, Pick<Case, 'look'>>
): readonly Case[] {
  const code = { 200: 'OK', 400: ARGUMENT, 413: 'RESOURCE_EXHAUSTED' }[status] ?? status;
  return [protobuf(of, status, body, extra), grpc(of, code, { ...extra, bytes: framed(body) })];
}

/** Sent with gzip, every way. */
export function gzipped(
  of: string,
  bytes: { readonly protobuf: Uint8Array; readonly json: Uint8Array },
): readonly Case[] {
  const headers = { 'content-encoding': 'gzip' };
  return [
    protobuf(of, BAD, bytes.protobuf, { headers }),
    json(of, BAD, bytes.json, { headers }),
    grpc(of, ARGUMENT, { bytes: framed(bytes.protobuf, 1), headers: { 'grpc-encoding': 'gzip' } }),
  ];
}

export const gzip = (bytes: Uint8Array | string): Buffer => gzipSync(bytes);

function looking({ look }: Pick<Case, 'look'>): Pick<Case, 'look'> {
  return look === undefined ? {} : { look };
}

/** @param shows - headers that belong to the answer */
export function seenHttp(reply: HttpReply, shows: readonly string[] = []): Seen {
  const headers = shows.map((name) => `${name}: ${String(reply.headers[name] ?? 'none')}`);
  return { status: String(reply.status), body: [...headers, ...textOf(reply)].join('\n') };
}

export function seenGrpc({ code, message, body, retryAfterSeconds }: GrpcReply): Seen {
  const retry = retryAfterSeconds === undefined ? [] : [`RetryInfo: ${retryAfterSeconds} s`];
  const said = code === 0 ? partialOf(body) : [message];
  return { status: codes[code] ?? 'none', body: [...retry, ...said].join('\n') };
}

function textOf({ status, headers, body }: HttpReply): string[] {
  if (headers['content-type'] === 'application/json') return [body.toString()];
  if (headers['content-type'] !== 'application/x-protobuf') return body.length === 0 ? [] : [body.toString()];
  return status === 200 ? partialOf(body) : [statusOf(body)];
}

/** A google.rpc.Status in protobuf. */
function statusOf(body: Buffer): string {
  const reader = new WireReader(body);
  let [code, message] = [0, ''];
  while (reader.next()) {
    if (reader.field === 1) code = reader.int32();
    else message = reader.string();
  }
  return `Status ${code}: ${message}`;
}

function partialOf(body: Buffer): string[] {
  const reader = new WireReader(body);
  if (!reader.next()) return [];
  reader.enter();
  let [rejected, message] = [0, ''];
  while (reader.next()) {
    if (reader.field === 1) rejected = Number(reader.int64());
    else message = reader.string();
  }
  return [`rejected ${rejected}: ${message}`];
}
