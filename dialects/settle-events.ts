import type { Span, SpanEvent } from '../core/span.js';
import { callOrder, groupBy, hasSimultaneous, inOrderSaid } from './event-order.js';
import { canonicalJson } from './json.js';
import { CHOICE, isInputMessage } from './message-events.js';
import { text } from './values.js';

/**
 * The spans with their events told once, under their names, in the order they were said. Log records are joined in the
 * order they arrive, come again when a request is repeated, and some emitters stamp a whole conversation with one
 * millisecond; none of this may show.
 *
 * @param spans - by start
 */
export function settleEvents(spans: readonly Span[]): readonly Span[] {
  const copies = new Map<SpanEvent, number>();
  const settled = spans.map((span) =>
    span.events.length === 0 ? span : withEvents(span, oneOrigin(once(span.events.map(named), copies))),
  );
  let rounds: ReadonlyMap<string, number> | undefined;
  return settled.map((span) => {
    if (!hasSimultaneous(span.events)) return span;
    rounds ??= callOrder(settled);
    return withEvents(span, inOrderSaid(span.events, rounds, copies));
  });
}

/** The prototype keeps what is read only when asked for unread. */
function withEvents(span: Span, events: readonly SpanEvent[]): Span {
  return Object.create(span, { events: { value: events, enumerable: true } }) as Span;
}

/** Older emitters give the name as an attribute. */
function named(event: SpanEvent): SpanEvent {
  if (event.name.startsWith('gen_ai.') || event.name === 'exception') return event;
  const name = text(event.attributes.get('event.name'));
  return name === undefined ? event : { ...event, name };
}

/**
 * Without repeats. The last of equals stays, since what a user says twice counts where it was said last.
 *
 * @param copies - gets how often each came, when that was more than once
 */
function once(events: readonly SpanEvent[], copies: Map<SpanEvent, number>): readonly SpanEvent[] {
  const groups = groupBy(events, (event) => `${event.name}\n${event.timeNs}`);
  if (groups.size === events.length) return events;
  const kept = new Set<SpanEvent>();
  for (const group of groups.values()) {
    const equals = group.length === 1 ? [group] : groupBy(group, sense).values();
    for (const same of equals) {
      const last = same[same.length - 1];
      if (last === undefined) continue;
      kept.add(last);
      if (same.length > 1) copies.set(last, same.length);
    }
  }
  return events.filter((event) => kept.has(event));
}

/** All that an event says, the same for OTLP values and for the texts of a row. */
function sense({ attributes, body }: SpanEvent): string {
  const pairs = [...attributes].flatMap(([key, value]) => {
    const said = text(value);
    return said === undefined ? [] : [`${key}=${said}`];
  });
  return canonicalJson([...pairs.sort(), text(body ?? null) ?? null]);
}

/** Some emitters send messages as span events and as log records: then the span's own are enough. */
function oneOrigin(events: readonly SpanEvent[]): readonly SpanEvent[] {
  const isOwn = (event: SpanEvent): boolean => event.body === undefined;
  const ownInput = events.some((event) => isOwn(event) && isInputMessage(event));
  const ownChoice = events.some((event) => isOwn(event) && event.name === CHOICE);
  if (!ownInput && !ownChoice) return events;
  return events.filter(
    (event) => isOwn(event) || !((ownInput && isInputMessage(event)) || (ownChoice && event.name === CHOICE)),
  );
}
