import { connect, constants, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { Client, credentials, Metadata, type ChannelOptions, type ServiceError } from '@grpc/grpc-js';
import { afterEach } from 'vitest';
import { WireReader } from '../../core/otlp/wire-reader.js';

/** Where gRPC is spoken. */
export interface GrpcTarget {
  readonly grpcUrl: string | undefined;
}

export const TRACE_SERVICE = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
export const LOGS_SERVICE = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
export const METRICS_SERVICE = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';

/** What a call came to. */
export interface GrpcReply {
  readonly code: number;
  readonly message: string;
  /** Empty unless the code is 0. */
  readonly body: Buffer;
  /** Of the RetryInfo, if there is one. */
  readonly retryAfterSeconds?: number;
}

const open: { close(): void }[] = [];

afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

/** A client as SDKs use it. */
export function grpcClient(target: GrpcTarget, options: ChannelOptions = {}): Client {
  const address = new URL(target.grpcUrl ?? '').host;
  const client = new Client(address, credentials.createInsecure(), { 'grpc.max_send_message_length': -1, ...options });
  open.push(client);
  return client;
}

export interface GrpcCallModel {
  readonly body: Uint8Array;
  readonly path?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** One call, by grpc-js. */
export function callGrpc(
  client: Client,
  { body, path = TRACE_SERVICE, metadata = {} }: GrpcCallModel,
): Promise<GrpcReply> {
  const sent = new Metadata();
  for (const [key, value] of Object.entries(metadata)) sent.set(key, value);
  const pass = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve) => {
    client.makeUnaryRequest<Buffer, Buffer>(path, pass, pass, Buffer.from(body), sent, (error, answer) => {
      const body: Buffer = answer ?? Buffer.alloc(0);
      resolve(error === null ? { code: 0, message: '', body } : failure(error));
    });
  });
}

function failure(error: ServiceError): GrpcReply {
  const details = error.metadata.get('grpc-status-details-bin')[0];
  return {
    code: error.code,
    message: error.details,
    body: Buffer.alloc(0),
    ...(details === undefined ? {} : { retryAfterSeconds: retrySecondsOf(Buffer.from(details)) }),
  };
}

/** Seconds of the RetryInfo in a google.rpc.Status. */
function retrySecondsOf(status: Buffer): number {
  const any = fieldOf(status, 3);
  if (fieldOf(any, 1).toString() !== 'type.googleapis.com/google.rpc.RetryInfo') return -1;
  const reader = new WireReader(fieldOf(fieldOf(any, 2), 1));
  return reader.next() ? Number(reader.int64()) : 0;
}

function fieldOf(bytes: Buffer, field: number): Buffer {
  const reader = new WireReader(bytes);
  while (reader.next()) {
    if (reader.field !== field) {
      reader.skip();
      continue;
    }
    const length = reader.length();
    return bytes.subarray(reader.position, reader.position + length);
  }
  return Buffer.alloc(0);
}

export interface RawCall {
  /** All that is sent on the stream, frame heads included. */
  readonly bytes: Uint8Array;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Left open when false. */
  readonly ends?: boolean;
}

/** A bare HTTP/2 connection to the gRPC port. */
export function rawSession(target: GrpcTarget): ClientHttp2Session {
  const session = connect(target.grpcUrl ?? '');
  session.on('error', () => undefined);
  open.push({
    close: () => {
      session.destroy();
    },
  });
  return session;
}

/** One call without a gRPC library: what is wrong about it stays wrong. */
export function callRaw(target: GrpcTarget, call: RawCall, session = rawSession(target)): Promise<GrpcReply> {
  const { bytes, path = TRACE_SERVICE, headers = {}, ends = true } = call;
  const stream = session.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  stream.on('error', () => undefined);
  if (ends) stream.end(bytes);
  else stream.write(bytes);
  return new Promise((resolve) => {
    let last: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.on('response', (answered) => (last = { ...last, ...answered }));
    stream.on('trailers', (trailers: IncomingHttpHeaders) => (last = { ...last, ...trailers }));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    const settle = (): void => {
      const { 'grpc-status': status, 'grpc-status-details-bin': details } = last;
      resolve({
        code: status === undefined ? -1 : Number(status),
        message: decodeURIComponent(String(last['grpc-message'] ?? '')),
        body: Buffer.concat(chunks).subarray(5),
        ...(details === undefined ? {} : { retryAfterSeconds: retrySecondsOf(Buffer.from(String(details), 'base64')) }),
      });
    };
    // Not its close: a server may end its side, and this one is still open.
    stream.on('end', settle);
    stream.on('close', settle);
  });
}

/** A message with its head. */
export function framed(message: Uint8Array, flag = 0, declared = message.length): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(declared, 1);
  return Buffer.concat([head, message]);
}
