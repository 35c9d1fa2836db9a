import type { Span, SpanEvent } from '../core/span.js';
import type { Message } from './fields.js';
import { CHOICE, choiceOf, inputMessageOf, isInputMessage } from './message-events.js';

/** Events by key, in the order they came. */
export function groupBy<K>(
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

/** True when messages that a model was given bear one time. */
export function hasSimultaneous(events: readonly SpanEvent[]): boolean {
  const times = new Set<bigint>();
  for (const event of events) {
    if (!isInputMessage(event)) continue;
    if (times.has(event.timeNs)) return true;
    times.add(event.timeNs);
  }
  return false;
}

/** The ids of the calls that the trace's models asked for, numbered as they did. */
export function callOrder(spans: readonly Span[]): ReadonlyMap<string, number> {
  const rounds = new Map<string, number>();
  for (const { events } of spans)
    for (const event of events)
      if (event.name === CHOICE)
        for (const { id } of choiceOf(event)?.toolCalls ?? [])
          if (id !== undefined && !rounds.has(id)) rounds.set(id, rounds.size);
  return rounds;
}

/**
 * The events by time, and messages of one time in the order they were said, where that can be told.
 *
 * @param rounds - as `callOrder` gives them
 * @param copies - how often events came that did more than once
 */
export function inOrderSaid(
  events: readonly SpanEvent[],
  rounds: ReadonlyMap<string, number>,
  copies: ReadonlyMap<SpanEvent, number>,
): readonly SpanEvent[] {
  const groups = groupBy(events.filter(isInputMessage), (event) => event.timeNs);
  const places = new Map<SpanEvent, number>();
  for (const group of groups.values())
    for (const [event, place] of placesOf(group, rounds, copies)) places.set(event, place);
  // Stable, so that what has no place stays where it came.
  return events.toSorted((a, b) =>
    a.timeNs === b.timeNs ? (places.get(a) ?? 0) - (places.get(b) ?? 0) : a.timeNs < b.timeNs ? -1 : 1,
  );
}

/**
 * Places messages of one time: instructions, the question, then each call before its answer, calls as the trace's models
 * asked for them. A conversation of several questions cannot be told from its messages alone and keeps the order of
 * arrival. So does one whose question came oftener than the rest, which was then asked twice, when it holds a call that no
 * model of the trace asked for: that may be older than the question.
 */
function placesOf(
  group: readonly SpanEvent[],
  rounds: ReadonlyMap<string, number>,
  copies: ReadonlyMap<SpanEvent, number>,
): ReadonlyMap<SpanEvent, number> {
  const places = new Map<SpanEvent, number>();
  let [questions, older] = [0, 0];
  let asked = 1;
  const least = group.reduce((fewest, event) => Math.min(fewest, copies.get(event) ?? 1), Number.POSITIVE_INFINITY);
  for (const event of group) {
    const message = inputMessageOf(event);
    const place = placeOf(message, rounds);
    if (place === undefined) return new Map();
    places.set(event, place);
    if (message?.role === 'user') {
      questions++;
      asked = copies.get(event) ?? 1;
    }
    if (message?.toolCalls.some(({ id }) => !rounds.has(id ?? '')) === true) older++;
  }
  return questions > 1 || older > 1 || (older > 0 && asked > least) ? new Map() : places;
}

/** Two places a call, from 4 on; a call from before the trace, of which there is at most one, has the two before. */
function placeOf(message: Message | undefined, rounds: ReadonlyMap<string, number>): number | undefined {
  if (message === undefined || message.role === 'system') return 0;
  if (message.role === 'user') return 1;
  const callId = message.toolCalls[0]?.id;
  if (callId !== undefined) return 2 + 2 * ((rounds.get(callId) ?? -1) + 1);
  const answered = message.toolResults[0]?.id;
  return answered === undefined ? undefined : 3 + 2 * ((rounds.get(answered) ?? -1) + 1);
}
