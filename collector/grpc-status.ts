import { Metadata, status, type StatusObject } from '@grpc/grpc-js';
import { WireWriter } from '../core/otlp/wire-writer.js';
import type { Refusal } from './answer.js';

/** What each refusal is over gRPC. 415 is an encoding that is not understood. */
const CODES: Readonly<Record<Refusal['status'], status>> = {
  400: status.INVALID_ARGUMENT,
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  404: status.UNIMPLEMENTED,
  405: status.UNIMPLEMENTED,
  408: status.DEADLINE_EXCEEDED,
  413: status.RESOURCE_EXHAUSTED,
  415: status.UNIMPLEMENTED,
  503: status.UNAVAILABLE,
};

/** What grpc-encoding may say. */
export const ACCEPTED_ENCODINGS = 'identity,gzip';

const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';

/** A refusal as a gRPC status. Where the same request may be taken later, a `google.rpc.RetryInfo` says when. */
export function refusalStatus({ status: httpStatus, message, headers, retryAfterSeconds }: Refusal): StatusObject {
  const code = CODES[httpStatus];
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers ?? {})) metadata.set(name, value);
  // What is not valid UTF-16, such as half a character of a long name, cannot be put into a header.
  const details = Buffer.from(message).toString();
  if (retryAfterSeconds !== undefined) {
    metadata.set('grpc-status-details-bin', retryDetails({ code, details, retryAfterSeconds }));
  }
  return { code, details, metadata };
}

/** What the sender of an encoding is told that is not understood. */
export function unknownEncoding(encoding: string): Refusal {
  const message = `expected grpc-encoding gzip or identity, got ${encoding.slice(0, 100)}; send with gzip or without compression.`;
  return { status: 415, message, headers: { 'grpc-accept-encoding': ACCEPTED_ENCODINGS } };
}

/** A `google.rpc.Status` with a `RetryInfo`. */
function retryDetails(retry: {
  readonly code: status;
  readonly details: string;
  readonly retryAfterSeconds: number;
}): Buffer {
  const writer = new WireWriter(256);
  writer.int32(1, retry.code);
  writer.string(2, retry.details);
  const any = writer.open(3);
  writer.string(1, RETRY_INFO);
  const info = writer.open(2);
  const delay = writer.open(1);
  writer.int64(1, retry.retryAfterSeconds);
  writer.close(delay);
  writer.close(info);
  writer.close(any);
  return Buffer.from(writer.finish());
}
