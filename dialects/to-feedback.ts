import type { AttributeValue } from '../core/attributes.js';
import type { Feedback, FeedbackSource } from '../core/feedback.js';
import { content, defined, text } from './values.js';

const SOURCES = new Set<string>(['human', 'llm', 'code']);

/** What feedback is looked for: a trace, by the ways in which feedback names one. */
export interface FeedbackTarget {
  readonly traceId: string;
  /** As `responseIdsOf` gives them. */
  readonly responseIds: readonly string[];
  readonly sessionId?: string;
}

/** Feedback as it was sent. */
export interface SentFeedback {
  readonly name: AttributeValue | undefined;
  readonly score: AttributeValue | undefined;
  readonly label: AttributeValue | undefined;
  readonly explanation: AttributeValue | undefined;
  /** Of the annotator. */
  readonly kind: AttributeValue | undefined;
  readonly spanId: string;
  readonly timeNs: bigint;
}

/** Nothing when it has no name, or says nothing: an evaluation that failed is no feedback. */
export function toFeedback(sent: SentFeedback): readonly Feedback[] {
  const name = text(sent.name);
  const score = scoreOf(sent.score);
  const label = content(sent.label);
  const explanation = content(sent.explanation);
  if (name === undefined || (score ?? label ?? explanation) === undefined) return [];
  const { spanId, timeNs } = sent;
  return [defined<Feedback>({ name, score, label, explanation, source: sourceOf(sent.kind), spanId, timeNs })];
}

/** A number, or its text, as a row of the span table has it. */
export function scoreOf(value: AttributeValue | undefined): number | undefined {
  const digits = text(value);
  if (digits === undefined || typeof value === 'boolean' || digits.trim() === '') return undefined;
  const score = Number(digits);
  return Number.isFinite(score) ? score : undefined;
}

function sourceOf(kind: AttributeValue | undefined): FeedbackSource {
  const lower = text(kind)?.toLowerCase() ?? '';
  return SOURCES.has(lower) ? (lower as FeedbackSource) : 'unknown';
}
