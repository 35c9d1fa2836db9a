import type { LogEvent } from './log-event.js';
import type { Span, SpanEvent } from './span.js';

/**
 * The spans with the log events that speak of them among their own events, by time: whoever reads a span need not know by
 * which way its content came. Events of no span go to the root; those of a span that is not there are left out.
 */
export function joinLogEvents(spans: readonly Span[], logs: readonly LogEvent[]): readonly Span[] {
  if (logs.length === 0) return spans;
  const root = spans.find((span) => span.parentSpanId === '');
  const bySpan = new Map<string, LogEvent[]>();
  for (const log of logs) {
    const spanId = log.spanId === '' ? (root?.spanId ?? '') : log.spanId;
    const known = bySpan.get(spanId);
    if (known === undefined) bySpan.set(spanId, [log]);
    else known.push(log);
  }
  return spans.map((span) => {
    const own = bySpan.get(span.spanId);
    return own === undefined ? span : withEvents(span, own);
  });
}

function withEvents(span: Span, logs: readonly LogEvent[]): Span {
  const joined = [...span.events, ...logs.map(toEvent)].sort((a, b) =>
    a.timeNs < b.timeNs ? -1 : Number(a.timeNs > b.timeNs),
  );
  // The prototype keeps what is read only when asked for unread.
  return Object.create(span, { events: { value: joined, enumerable: true } }) as Span;
}

function toEvent({ name, timeNs, attributes, body }: LogEvent): SpanEvent {
  return { name, timeNs, attributes, body };
}
