import type { Span } from '../core/span.js';
import { count, structure, text } from './values.js';

/** Frames of a stack trace that some emitters append to the message. */
const STACK_FRAME = /\n[ \t]+at /;

/**
 * The message of a span's failure, in whatever disguise it was sent: status ERROR, an exception event, `error.type`, or
 * an HTTP status of 400 and above. A status of OK proves nothing, so it is not looked at.
 *
 * @returns undefined when nothing says that the span failed
 */
export function readFailure(span: Span): string | undefined {
  const { attributes } = span;
  const exception = exceptionMessage(span);
  const type = text(attributes.get('error.type'));
  const http = count(attributes.get('http.response.status_code') ?? attributes.get('http.status_code')) ?? 0;
  if (span.statusCode !== 2 && exception === undefined && type === undefined && http < 400) return undefined;
  const message =
    text(span.statusCode === 2 ? span.statusMessage : '') ??
    exception ??
    text(attributes.get('error.message')) ??
    type ??
    (http >= 400 ? `HTTP ${http}` : 'failed without a message');
  const frames = message.search(STACK_FRAME);
  return frames > 0 ? message.slice(0, frames) : message;
}

function exceptionMessage(span: Span): string | undefined {
  for (const event of span.events) {
    if (event.name !== 'exception' && event.name !== 'gen_ai.client.operation.exception') continue;
    const { attributes, body } = event;
    const logged = structure(body);
    const said = (key: string) => text(attributes.get(key)) ?? text(logged?.[key]);
    const plain = logged === undefined ? text(body) : undefined;
    return said('exception.message') ?? plain ?? said('exception.type') ?? event.name;
  }
  return undefined;
}
