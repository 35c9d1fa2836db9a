import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { decodeLogEvents } from '../../core/otlp/decode-log-events.js';
import { decodeSpans } from '../../core/otlp/decode-spans.js';
import { transcodeJson, transcodeJsonLogs } from '../../core/otlp/transcode-json.js';
import { packageRoot } from '../../core/package-root.js';

export type Encoding = 'application/x-protobuf' | 'application/json';

/** A request to begin with. */
export interface Seed {
  readonly name: string;
  /** Captures are right, and taken whole; rows of the table of bad inputs are what they say. */
  readonly kind: 'capture' | 'row';
  readonly isGrpc: boolean;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly isChunked: boolean;
  /** What the body is, whatever the headers say. */
  readonly encoding: Encoding;
  /** Not compressed, and without a head of gRPC. */
  readonly body: Buffer;
  readonly isGzip: boolean;
  /** A row's message with its head, since that may be what is wrong about it. */
  readonly frame?: Buffer;
  /** In hex. */
  readonly traceIds: readonly string[];
}

/** A row of the table of bad inputs, as it lies in `corpus/`. */
interface RowFile {
  readonly of: string;
  readonly grpc?: true;
  readonly method?: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly chunked?: true;
  readonly text?: string;
  readonly base64?: string;
  /** A body of so many zeros, compressed. */
  readonly zeros?: number;
}

const CAPTURES = join(packageRoot(), 'test', 'fixtures', 'captures');
const ROWS = join(packageRoot(), 'test', 'fuzz', 'corpus');
/** The trace id of the rows. */
const ROW_TRACE = '5b8efff798038103d269b633813fc60c';
const GZIP = { 'content-encoding': 'gzip' };
const FRAME_HEAD_BYTES = 5;

/** Every seed, in the same order on every machine. */
export function readCorpus(): readonly Seed[] {
  return [...readCaptures(), ...readRows()];
}

function readCaptures(): Seed[] {
  const folders = readdirSync(CAPTURES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders
    .map(({ name }) => name)
    .sort()
    .flatMap((folder) =>
      readdirSync(join(CAPTURES, folder))
        .sort()
        .map((file) => captureOf(`${folder}/${file}`, readFileSync(join(CAPTURES, folder, file)))),
    );
}

function captureOf(name: string, bytes: Buffer): Seed {
  const signal = name.includes('-logs.') ? 'logs' : 'traces';
  const isGrpc = name.endsWith('.grpc-frame.bin');
  const isGzip = name.endsWith('.gz') || (isGrpc && bytes[0] === 1);
  const encoding = name.endsWith('.json') ? 'application/json' : 'application/x-protobuf';
  const message = isGrpc ? bytes.subarray(FRAME_HEAD_BYTES) : bytes;
  const body = isGzip ? gunzipSync(message) : message;
  const service = signal === 'logs' ? 'logs.v1.LogsService' : 'trace.v1.TraceService';
  return {
    name,
    kind: 'capture',
    isGrpc,
    isGzip,
    isChunked: false,
    method: 'POST',
    path: isGrpc ? `/opentelemetry.proto.collector.${service}/Export` : `/v1/${signal}`,
    headers: { 'content-type': isGrpc ? 'application/grpc' : encoding, ...(isGzip && !isGrpc ? GZIP : {}) },
    encoding,
    body,
    traceIds: traceIdsOf(body, signal, encoding),
  };
}

function traceIdsOf(body: Buffer, signal: 'traces' | 'logs', encoding: Encoding): readonly string[] {
  const isJson = encoding === 'application/json';
  const items =
    signal === 'traces'
      ? decodeSpans(isJson ? transcodeJson(body) : body)
      : decodeLogEvents(isJson ? transcodeJsonLogs(body) : body);
  return [...new Set(items.map(({ traceId }) => traceId))].filter((id) => id !== '');
}

function readRows(): Seed[] {
  return readdirSync(ROWS)
    .filter((file) => /^row-\d\d\.json$/.test(file))
    .sort()
    .flatMap((file) => {
      const rows = JSON.parse(readFileSync(join(ROWS, file), 'utf8')) as readonly RowFile[];
      return rows.map((row) => rowOf(`${file.replace('.json', '')}, ${row.of}`, row));
    });
}

function rowOf(name: string, row: RowFile): Seed {
  const { method = 'POST', path, headers, grpc = false, chunked = false } = row;
  const sent = bytesOf(row);
  const frame = grpc ? { frame: sent } : {};
  const message = grpc ? sent.subarray(FRAME_HEAD_BYTES) : sent;
  const inflated = headers['content-encoding'] === 'gzip' || sent[0] === 1 ? inflate(message) : undefined;
  const body = inflated ?? message;
  const encoding =
    body[0] === 0x7b || headers['content-type'] === 'application/json' ? 'application/json' : 'application/x-protobuf';
  const common = { name, kind: 'row', method, path, headers, isGrpc: grpc, isChunked: chunked } as const;
  return { ...common, ...frame, body, isGzip: inflated !== undefined, encoding, traceIds: [ROW_TRACE] };
}

function bytesOf({ text, base64, zeros }: RowFile): Buffer {
  if (zeros !== undefined) return gzipSync(Buffer.alloc(zeros));
  return base64 === undefined ? Buffer.from(text ?? '') : Buffer.from(base64, 'base64');
}

function inflate(bytes: Buffer): Buffer | undefined {
  try {
    return gunzipSync(bytes);
  } catch {
    return undefined;
  }
}

/**
 * A seed's bytes with trace ids of this number's own, so that a trace on the bus tells which input it came with. The number
 * takes the first four bytes, a mark the fifth; the rest is as it was.
 */
export function withTraceIds(bytes: Buffer, traceIds: readonly string[], number: number): Buffer {
  let copy = bytes;
  for (const id of traceIds) {
    const own = `${number.toString(16).padStart(8, '0')}${MARK}${id.slice(10)}`;
    copy = replaceAll(copy, Buffer.from(id, 'hex'), Buffer.from(own, 'hex'));
    copy = replaceAll(copy, Buffer.from(id), Buffer.from(own));
    copy = replaceAll(copy, Buffer.from(id.toUpperCase()), Buffer.from(own.toUpperCase()));
  }
  return copy;
}

const MARK = 'f5';

/** The number of the input that a trace came with, unless its id was changed. */
export function numberOf(key: string): number | undefined {
  return key.slice(8, 10) === MARK ? Number.parseInt(key.slice(0, 8), 16) : undefined;
}

function replaceAll(bytes: Buffer, from: Buffer, to: Buffer): Buffer {
  let at = bytes.indexOf(from);
  if (at === -1) return bytes;
  const copy = Buffer.from(bytes);
  for (; at !== -1; at = bytes.indexOf(from, at + from.length)) to.copy(copy, at);
  return copy;
}
