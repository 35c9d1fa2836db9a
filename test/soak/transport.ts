import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import * as grpc from '@grpc/grpc-js';
import { WireReader } from '../../core/otlp/wire-reader.js';

/** How a request goes over the wire. */
export const FORMS = ['json', 'gzip', 'grpc', 'protobuf'] as const;
export type Form = (typeof FORMS)[number];

/**
 * What came of sending a request once. `refused`: it was not taken, and may be sent again. `unknown`: the connection broke
 * or the time ran out after it was sent, so it may have been taken. `rejected`: it must not be sent again.
 */
export type Answer =
  | { readonly status: 'acknowledged' }
  | { readonly status: 'refused'; readonly code: number | string; readonly retryAfterMs?: number }
  | { readonly status: 'unknown'; readonly reason: string }
  | { readonly status: 'rejected'; readonly reason: string };

/** One sender's way to Assay. */
export interface Transport {
  /** Sends once; never rejects. */
  send(body: Buffer): Promise<Answer>;
  close(): void;
}

export interface TransportOptions {
  readonly form: Form;
  /** Such as `http://127.0.0.1:4318`; of gRPC `127.0.0.1:4317`. */
  readonly address: string;
  readonly timeoutMs?: number;
  readonly connections?: number;
}

/** The time-out of the OpenTelemetry exporters. */
const TIMEOUT_MS = 10_000;
/** @see the OTLP specification: these and no others may be tried again */
const RETRYABLE_HTTP = [429, 502, 503, 504];
/** Nothing was sent. */
const UNSENT = new Set(['ECONNREFUSED', 'EADDRNOTAVAIL', 'ENETUNREACH']);

export function createTransport(options: TransportOptions): Transport {
  return options.form === 'grpc' ? grpcTransport(options) : httpTransport(options);
}

function httpTransport({ form, address, timeoutMs = TIMEOUT_MS, connections = 1 }: TransportOptions): Transport {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const headers = {
    'content-type': form === 'json' ? 'application/json' : 'application/x-protobuf',
    ...(form === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
  };
  return {
    send: (body) =>
      new Promise((resolve) => {
        const sent = httpRequest(`${address}/v1/traces`, { method: 'POST', agent, headers }, (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
          response.once('end', () => {
            resolve(httpAnswer(response.statusCode ?? 0, response.headers, text));
          });
          response.once('error', (error) => {
            resolve({ status: 'unknown', reason: error.message });
          });
        });
        sent.setTimeout(timeoutMs, () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)));
        sent.once('error', (error: NodeJS.ErrnoException) => {
          const unsent = UNSENT.has(error.code ?? '');
          resolve(unsent ? { status: 'refused', code: error.code! } : { status: 'unknown', reason: error.message });
        });
        sent.setHeader('content-length', body.length);
        sent.end(body);
      }),
    close() {
      agent.destroy();
    },
  };
}

function httpAnswer(status: number, headers: IncomingHttpHeaders, text: string): Answer {
  // A protobuf answer that is not empty is a partial success, and a JSON answer that says more than {} may be.
  if (status === 200 && (text === '' || /^\{("partialSuccess":\{\})?\}$/.test(text))) return { status: 'acknowledged' };
  if (!RETRYABLE_HTTP.includes(status)) return { status: 'rejected', reason: `${status} ${text.slice(0, 200)}` };
  const seconds = Number(headers['retry-after']);
  return { status: 'refused', code: status, ...(seconds > 0 ? { retryAfterMs: seconds * 1_000 } : {}) };
}

const EXPORT = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const same = (bytes: Buffer): Buffer => bytes;
const { status: CODE } = grpc;
const RETRYABLE_GRPC = new Set([
  CODE.CANCELLED,
  CODE.DEADLINE_EXCEEDED,
  CODE.RESOURCE_EXHAUSTED,
  CODE.ABORTED,
  CODE.OUT_OF_RANGE,
  CODE.UNAVAILABLE,
  CODE.DATA_LOSS,
]);

function grpcTransport({ address, timeoutMs = TIMEOUT_MS }: TransportOptions): Transport {
  const client = new grpc.Client(address, grpc.credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.min_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1_000,
  });
  return {
    send: (body) =>
      new Promise((resolve) => {
        const deadline = Date.now() + timeoutMs;
        client.makeUnaryRequest(EXPORT, same, same, body, new grpc.Metadata(), { deadline }, (error, reply) => {
          if (error !== null) resolve(grpcAnswer(error));
          // A message that is not empty is a partial success.
          else if (reply === undefined || reply.length === 0) resolve({ status: 'acknowledged' });
          else resolve({ status: 'rejected', reason: `partial success: ${reply.toString('latin1')}` });
        });
      }),
    close() {
      client.close();
    },
  };
}

function grpcAnswer({ code, details, metadata }: grpc.ServiceError): Answer {
  if (!RETRYABLE_GRPC.has(code)) return { status: 'rejected', reason: `${code} ${details}` };
  const [info] = metadata.get('grpc-status-details-bin');
  if (info !== undefined)
    return { status: 'refused', code: CODE[code], retryAfterMs: retryDelayMs(Buffer.from(info as Buffer)) };
  // No connection could be made, so that nothing was sent.
  if (code === CODE.RESOURCE_EXHAUSTED) return { status: 'rejected', reason: details };
  return /ECONNREFUSED|No connection established/.test(details)
    ? { status: 'refused', code: 'ECONNREFUSED' }
    : { status: 'unknown', reason: details };
}

/** Of a `google.rpc.Status` whose only detail is a `RetryInfo`: status.details[0].value.retry_delay. */
export function retryDelayMs(bytes: Uint8Array): number {
  let delayMs = 0;
  const walk = (reader: WireReader, path: readonly number[]): void => {
    while (reader.next()) {
      const [field, ...rest] = path;
      if (path.length === 0) {
        reader.readVarint();
        delayMs += reader.field === 1 ? reader.low * 1_000 : reader.low / 1e6;
      } else if (reader.field === field) {
        const end = reader.enter();
        walk(reader, rest);
        reader.leave(end);
      } else reader.skip();
    }
  };
  walk(new WireReader(bytes), [3, 2, 1]);
  return delayMs;
}
