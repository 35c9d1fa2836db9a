import type { Attributes } from '../core/attributes.js';
import type { Feedback } from '../core/feedback.js';
import type { LogEvent } from '../core/log-event.js';
import { isOwnSpan } from '../core/own-spans.js';
import type { Span } from '../core/span.js';
import { readAnnotations } from './annotations.js';
import { scoreOf, toFeedback, type FeedbackTarget } from './to-feedback.js';
import { text } from './values.js';

/** What feedback may have come in: of the trace itself, and of others that speak of it. */
export interface FeedbackInput {
  readonly spans: readonly Span[];
  readonly logs: readonly LogEvent[];
}

const EVALUATION = 'gen_ai.evaluation.result';

/**
 * What users, annotators and other evaluators said of a trace, by time, each once: `gen_ai.evaluation.result` events (of its
 * spans, or by the id of a response), OpenInference annotations (inline, or by link from another trace), and Logfire's
 * feedback spans. Assay's own verdicts are none of it.
 */
export function readFeedback({ spans, logs }: FeedbackInput, target: FeedbackTarget): readonly Feedback[] {
  const found: Feedback[] = [];
  const places = placesOf(spans, target);
  for (const span of spans) {
    if (isOwnSpan(span)) continue;
    for (const event of span.events)
      if (nameOf(event.name, event.attributes) === EVALUATION)
        found.push(...readEvaluation({ ...event, traceId: span.traceId, spanId: span.spanId }, target, places));
    found.push(...readAnnotations(span, target), ...readLogfire(span, target));
  }
  for (const log of logs)
    if (nameOf(log.name, log.attributes) === EVALUATION && !isOwnSpan(log))
      found.push(...readEvaluation(log, target, places));
  return once(found);
}

/** The ids that providers gave to the responses of a trace, once each: feedback from elsewhere names them. */
export function responseIdsOf(spans: readonly Span[]): readonly string[] {
  return [...new Set(spans.flatMap(ownResponseIds))];
}

function ownResponseIds({ attributes, events }: Span): readonly string[] {
  const sources = [
    attributes,
    // What an evaluation names is somebody's response, not necessarily this span's.
    ...events.filter((event) => event.name !== EVALUATION).map((event) => event.attributes),
  ];
  return sources.flatMap((one) => text(one.get('gen_ai.response.id')) ?? text(one.get('ai.response.id')) ?? []);
}

type Places = ReadonlyMap<string, string>;

/** The span of the trace that each response came from. */
function placesOf(spans: readonly Span[], { traceId }: FeedbackTarget): Places {
  const places = new Map<string, string>();
  for (const span of spans)
    if (span.traceId === traceId)
      for (const id of ownResponseIds(span)) if (!places.has(id)) places.set(id, span.spanId);
  return places;
}

interface EvaluationEvent {
  readonly traceId: string;
  readonly spanId: string;
  readonly timeNs: bigint;
  readonly attributes: Attributes;
}

function readEvaluation(event: EvaluationEvent, target: FeedbackTarget, places: Places): readonly Feedback[] {
  const { attributes, timeNs } = event;
  const responseId = text(attributes.get('gen_ai.response.id'));
  const isByResponse = responseId !== undefined && target.responseIds.includes(responseId);
  if (event.traceId !== target.traceId && !isByResponse) return [];
  const place = responseId === undefined ? undefined : places.get(responseId);
  return toFeedback({
    name: attributes.get('gen_ai.evaluation.name'),
    score: attributes.get('gen_ai.evaluation.score.value'),
    label: attributes.get('gen_ai.evaluation.score.label'),
    explanation: attributes.get('gen_ai.evaluation.explanation'),
    kind: undefined,
    spanId: place ?? (event.traceId === target.traceId ? event.spanId : ''),
    timeNs,
  });
}

/** A `feedback: {name}` span is the child of what it is about; the value stands under the feedback's own name. */
function readLogfire(span: Span, target: FeedbackTarget): readonly Feedback[] {
  const { attributes, parentSpanId, startNs } = span;
  const name = text(attributes.get('logfire.feedback.name'));
  if (name === undefined || span.traceId !== target.traceId) return [];
  const value = text(attributes.get(name));
  const truth = value === 'true' ? 1 : value === 'false' ? 0 : undefined;
  return toFeedback({
    name,
    score: truth ?? value,
    label: scoreOf(value) === undefined ? value : undefined,
    explanation: attributes.get('logfire.feedback.comment'),
    kind: undefined,
    spanId: parentSpanId,
    timeNs: startNs,
  });
}

function nameOf(name: string, attributes: Attributes): string {
  return name === EVALUATION ? name : (text(attributes.get('event.name')) ?? name);
}

/** By time, and then by what is said, so that the order of arrival decides nothing. */
function once(found: readonly Feedback[]): readonly Feedback[] {
  const keyed = found.map((one) => {
    const { timeNs, ...said } = one;
    return { one, key: JSON.stringify([timeNs.toString(), said]) };
  });
  const unique = [...new Map(keyed.map((item) => [item.key, item])).values()];
  return unique.sort((a, b) => compare(a.one.timeNs, b.one.timeNs) || compare(a.key, b.key)).map(({ one }) => one);
}

function compare<T extends bigint | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
