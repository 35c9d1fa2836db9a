import type { Span, SpanEvent } from '../core/span.js';
import type { Message } from './fields.js';
import { canonicalJson } from './json.js';
import { CHOICE, choiceOf, inputMessageOf, isInputMessage } from './message-events.js';
import { text } from './values.js';

/**
 * The spans with their events told once, under their names, in the order they were said. Log records are joined in the
 * order they arrive, come again when a request is repeated, and some emitters stamp a whole conversation with one
 * millisecond; none of this may show.
 *
 * @param spans - by start
 */
export function settleEvents(spans: readonly Span[]): readonly Span[] {
  const settled = spans.map((span) => (span.events.length === 0 ? span : withEvents(span, settle(span.events))));
  let rounds: ReadonlyMap<string, number> | undefined;
  return settled.map((span) => {
    if (!hasSimultaneous(span.events)) return span;
    rounds ??= callOrder(settled);
    return withEvents(span, inOrderSaid(span.events, rounds));
  });
}

/** The prototype keeps what is read only when asked for unread. */
function withEvents(span: Span, events: readonly SpanEvent[]): Span {
  return Object.create(span, { events: { value: events, enumerable: true } }) as Span;
}

function settle(events: readonly SpanEvent[]): readonly SpanEvent[] {
  return oneOrigin(once(events.map(named)));
}

/** Older emitters give the name as an attribute. */
function named(event: SpanEvent): SpanEvent {
  if (event.name.startsWith('gen_ai.') || event.name === 'exception') return event;
  const name = text(event.attributes.get('event.name'));
  return name === undefined ? event : { ...event, name };
}

/** Without repeats. The last of equals stays, since what a user says twice counts where it was said last. */
function once(events: readonly SpanEvent[]): readonly SpanEvent[] {
  const groups = groupBy(events, (event) => `${event.name}\n${event.timeNs}`);
  if (groups.size === events.length) return events;
  const kept = new Set<SpanEvent>();
  for (const group of groups.values())
    for (const event of new Map(group.map((one) => [group.length === 1 ? '' : sense(one), one])).values())
      kept.add(event);
  return events.filter((event) => kept.has(event));
}

function groupBy<K>(
  events: readonly SpanEvent[],
  keyOf: (event: SpanEvent) => K,
): ReadonlyMap<K, readonly SpanEvent[]> {
  const groups = new Map<K, SpanEvent[]>();
  for (const event of events) {
    const key = keyOf(event);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [event]);
    else group.push(event);
  }
  return groups;
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

function hasSimultaneous(events: readonly SpanEvent[]): boolean {
  const times = new Set<bigint>();
  for (const event of events) {
    if (!isInputMessage(event)) continue;
    if (times.has(event.timeNs)) return true;
    times.add(event.timeNs);
  }
  return false;
}

/** The calls that the trace's models asked for, by when they did. */
function callOrder(spans: readonly Span[]): ReadonlyMap<string, number> {
  const rounds = new Map<string, number>();
  for (const { events } of spans)
    for (const event of events)
      if (event.name === CHOICE)
        for (const { id } of choiceOf(event)?.toolCalls ?? [])
          if (id !== undefined && !rounds.has(id)) rounds.set(id, rounds.size);
  return rounds;
}

function inOrderSaid(events: readonly SpanEvent[], rounds: ReadonlyMap<string, number>): readonly SpanEvent[] {
  const groups = groupBy(events.filter(isInputMessage), (event) => event.timeNs);
  const places = new Map<SpanEvent, number>();
  for (const group of groups.values()) placeGroup(group, rounds, places);
  // Stable, so that what has no place stays where it came.
  return events.toSorted((a, b) =>
    a.timeNs === b.timeNs ? (places.get(a) ?? 0) - (places.get(b) ?? 0) : a.timeNs < b.timeNs ? -1 : 1,
  );
}

/**
 * Places messages of one time: instructions, the question, then each call before its answer, calls as the trace's models
 * asked for them. A conversation of several questions cannot be told from its messages alone and keeps the order of arrival.
 */
function placeGroup(
  group: readonly SpanEvent[],
  rounds: ReadonlyMap<string, number>,
  to: Map<SpanEvent, number>,
): void {
  if (group.length < 2) return;
  const messages = group.map((event) => ({ event, message: inputMessageOf(event) }));
  const unknown = messages.filter(({ message }) => message?.toolCalls.some(({ id }) => !rounds.has(id ?? '')) === true);
  const found = messages.map(({ event, message }) => ({ event, place: placeOf(message, rounds) }));
  const questions = messages.filter(({ message }) => message?.role === 'user').length;
  if (questions > 1 || unknown.length > 1 || found.some(({ place }) => place === undefined)) return;
  for (const { event, place } of found) to.set(event, place ?? 0);
}

/** Two places a call, from 3 on; a call from before the trace, of which there is at most one, has the first two. */
function placeOf(message: Message | undefined, rounds: ReadonlyMap<string, number>): number | undefined {
  if (message === undefined || message.role === 'system') return 0;
  if (message.role === 'user') return 1;
  const callId = message.toolCalls[0]?.id;
  if (callId !== undefined) return 2 + 2 * ((rounds.get(callId) ?? -1) + 1);
  const answered = message.toolResults[0]?.id;
  return answered === undefined ? undefined : 3 + 2 * ((rounds.get(answered) ?? -1) + 1);
}
