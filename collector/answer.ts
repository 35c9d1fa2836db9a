import { WireWriter } from '../core/otlp/wire-writer.js';

/** The two encodings of OTLP over HTTP. An answer has that of its request. */
export type Encoding = 'application/x-protobuf' | 'application/json';

/** What is sent back. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What counts the rejected in the answer of a signal. In protobuf all of them have the number 1. */
export type RejectedField = 'rejectedSpans' | 'rejectedLogRecords';

/** Why a request is not taken. The message is for the sender's log. */
export interface Refusal {
  readonly status: 400 | 404 | 405 | 408 | 413 | 415 | 503;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** @see google/rpc/code.proto */
const RPC_CODES: Readonly<Record<Refusal['status'], number>> = {
  400: 3,
  404: 5,
  405: 12,
  408: 4,
  413: 8,
  415: 3,
  503: 14,
};

/** A `google.rpc.Status`. */
export function refusalAnswer(encoding: Encoding, refusal: Refusal): Answer {
  const { status, message, headers = {} } = refusal;
  const code = RPC_CODES[status];
  if (encoding === 'application/json') {
    return { status, contentType: encoding, body: JSON.stringify({ code, message }), headers };
  }
  const writer = new WireWriter(128);
  writer.int32(1, code);
  writer.string(2, message);
  return { status, contentType: encoding, body: writer.finish(), headers };
}

/** An export response of a signal; `partial_success` is set only when something was rejected. */
export function exportAnswer(
  encoding: Encoding,
  rejected: { readonly field: RejectedField; readonly count: number; readonly message: string },
): Answer {
  const { field, count, message } = rejected;
  if (encoding === 'application/json') {
    const body = count === 0 ? {} : { partialSuccess: { [field]: String(count), errorMessage: message } };
    return { status: 200, contentType: encoding, body: JSON.stringify(body) };
  }
  const writer = new WireWriter(128);
  if (count > 0) {
    const partial = writer.open(1);
    writer.int64(1, count);
    writer.string(2, message);
    writer.close(partial);
  }
  return { status: 200, contentType: encoding, body: writer.finish() };
}
