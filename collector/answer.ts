import type { ErrorCode } from '../core/errors.js';
import { WireWriter } from '../core/otlp/wire-writer.js';
import type { RejectedField } from './signal-names.js';

/** The two encodings of OTLP over HTTP. An answer has that of its request. */
export type Encoding = 'application/x-protobuf' | 'application/json';

/** What is sent back over HTTP. */
export interface Answer {
  readonly status: number;
  /** Left out where there is no body. */
  readonly contentType?: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Why a request is not taken, as an HTTP status; gRPC has a code for each. The message is for the sender's log. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 404 | 405 | 408 | 413 | 415 | 503;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Set where the same request may be taken later. */
  readonly retryAfterSeconds?: number;
}

/** A value, or why there is none. */
export type Outcome<T> = { readonly value: T } | { readonly refusal: Refusal };

/** What a taken request is told: how much of it was left out, and why. */
export interface Receipt {
  readonly field: RejectedField;
  readonly count: number;
  readonly message: string;
  /** Of the last of several reasons; OTLP_MALFORMED when it is left out. */
  readonly code?: ErrorCode;
}

/** @see google/rpc/code.proto */
const RPC_CODES: Readonly<Record<Refusal['status'], number>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  405: 12,
  408: 4,
  413: 8,
  415: 3,
  503: 14,
};

/** A `google.rpc.Status`. */
export function refusalAnswer(encoding: Encoding, refusal: Refusal): Answer {
  const { status, message, retryAfterSeconds } = refusal;
  const code = RPC_CODES[status];
  const retry = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  const headers = { ...refusal.headers, ...retry };
  if (encoding === 'application/json') {
    return { status, contentType: encoding, body: JSON.stringify({ code, message }), headers };
  }
  const writer = new WireWriter(128);
  writer.int32(1, code);
  writer.string(2, message);
  return { status, contentType: encoding, body: writer.finish(), headers };
}

/** An export response of a signal over HTTP. */
export function exportAnswer(encoding: Encoding, receipt: Receipt): Answer {
  if (encoding === 'application/x-protobuf')
    return { status: 200, contentType: encoding, body: exportMessage(receipt) };
  const { field, count, message } = receipt;
  const body = count === 0 ? {} : { partialSuccess: { [field]: String(count), errorMessage: message } };
  return { status: 200, contentType: encoding, body: JSON.stringify(body) };
}

/** An export response of a signal in protobuf; `partial_success` is set only when something was rejected. */
export function exportMessage({ count, message }: Receipt): Uint8Array {
  const writer = new WireWriter(128);
  if (count > 0) {
    const partial = writer.open(1);
    writer.int64(1, count);
    writer.string(2, message);
    writer.close(partial);
  }
  return writer.finish();
}
