import type { Span } from '../core/span.js';
import type { SpanFields } from './fields.js';
import { text } from './values.js';

/** What OpenTelemetry's general conventions say on any span, whoever emitted it. */
export function readGeneral(span: Span): SpanFields {
  return {
    sessionId: text(span.attributes.get('session.id')),
    userId: text(span.attributes.get('user.id')) ?? text(span.attributes.get('enduser.id')),
  };
}
