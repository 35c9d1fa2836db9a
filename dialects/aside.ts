import type { Span } from '../core/span.js';
import type { SpanFields } from './fields.js';
import { text } from './values.js';

/** What a span's emitter calls it when it evaluates a run, by the attribute that says so. */
const EVALUATIONS: readonly (readonly [key: string, value: string])[] = [
  ['openinference.span.kind', 'EVALUATOR'],
  ['langfuse.observation.type', 'evaluator'],
  ['mastra.span.type', 'scorer_run'],
  ['logfire.span_type', 'annotation'],
];

/** Marks evaluations and feedback: they speak of a run and are no part of it. */
export function readAside({ attributes }: Span): SpanFields | undefined {
  for (const [key, value] of EVALUATIONS)
    if (text(attributes.get(key))?.toLowerCase() === value.toLowerCase()) return { aside: true };
  return undefined;
}
