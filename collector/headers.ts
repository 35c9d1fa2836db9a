import type { IncomingMessage } from 'node:http';
import type { Encoding, Outcome } from './answer.js';

/**
 * The encoding that the Content-Type names, in any case and with any parameters.
 * @param acceptTextPlain - whether text/plain is taken for JSON
 */
export function bodyEncoding(request: IncomingMessage, acceptTextPlain: boolean): Outcome<Encoding> {
  const type = mediaType(request);
  if (type === 'application/x-protobuf' || type === 'application/json') return { value: type };
  if (type === 'text/plain' && acceptTextPlain) return { value: 'application/json' };
  const got = type === '' ? 'none' : type.slice(0, 100);
  const message = `expected Content-Type application/x-protobuf or application/json, got ${got}; send OTLP over HTTP.`;
  return { refusal: { status: 415, message } };
}

/** The encoding to answer in, JSON when the request names none that we know. */
export function answerEncoding(request: IncomingMessage): Encoding {
  return mediaType(request) === 'application/x-protobuf' ? 'application/x-protobuf' : 'application/json';
}

/** Whether the body is gzip. Nothing else but `identity` is understood. */
export function isGzip(request: IncomingMessage): Outcome<boolean> {
  const encoding = (request.headers['content-encoding'] ?? '').trim().toLowerCase();
  if (encoding === '' || encoding === 'identity') return { value: false };
  if (encoding === 'gzip' || encoding === 'x-gzip') return { value: true };
  const message = `expected Content-Encoding gzip or identity, got ${encoding.slice(0, 100)}; send the body with gzip or without compression.`;
  return { refusal: { status: 415, message, headers: { 'accept-encoding': 'gzip' } } };
}

/** Size of the body as the sender gives it; 0 where it gives none. */
export function declaredBytes(request: IncomingMessage): number {
  return Number(request.headers['content-length'] ?? 0);
}

function mediaType(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
