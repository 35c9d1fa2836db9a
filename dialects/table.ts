import type { Span } from '../core/span.js';
import { fill, type MutableFields, type SpanFields } from './fields.js';
import { readAside } from './aside.js';
import { excludedCache } from './excluded-cache.js';
import { readFailure } from './failure.js';
import { readGeneral } from './general.js';
import { readLangfuse } from './langfuse.js';
import { readMastra } from './mastra.js';
import { readOpenInference } from './openinference.js';
import { readOpenInferenceValues } from './openinference-values.js';
import { readOpenLlmetryLegacy } from './openllmetry-legacy.js';
import { readOpenLlmetry } from './openllmetry.js';
import { readOtelGenAiLegacy } from './otel-genai-legacy.js';
import { readOtelGenAi } from './otel-genai.js';
import { readStrands } from './strands.js';
import { readVercelAi } from './vercel-ai.js';

/** One way of saying what a span is. */
export interface Dialect {
  readonly name: string;
  /**
   * @param known - what rows above have said already, so that a row need not work for nothing
   * @returns undefined when the span does not speak it
   */
  readonly read: (span: Span, known: SpanFields) => SpanFields | undefined;
}

/** Every dialect, by precedence: of each field the first row that has it wins, since one span may carry several. */
const TABLE: readonly Dialect[] = [
  { name: 'langfuse', read: readLangfuse },
  { name: 'openinference', read: readOpenInference },
  { name: 'strands', read: readStrands },
  { name: 'otel-genai', read: readOtelGenAi },
  { name: 'mastra', read: readMastra },
  { name: 'vercel-ai', read: readVercelAi },
  { name: 'openllmetry', read: readOpenLlmetry },
  { name: 'otel-genai-legacy', read: readOtelGenAiLegacy },
  { name: 'openllmetry', read: readOpenLlmetryLegacy },
  { name: 'openinference', read: readOpenInferenceValues },
];

/** The dialects that are understood, by precedence. */
export const DIALECT_NAMES: readonly string[] = [...new Set(TABLE.map((dialect) => dialect.name))];

/**
 * Reads one span.
 *
 * @param contributed - gets the names of the dialects that said something
 */
export function readSpan(span: Span, contributed: Set<string>): SpanFields {
  const fields: MutableFields = {};
  for (const dialect of TABLE) {
    const said = dialect.read(span, fields);
    if (said !== undefined && fill(fields, said)) contributed.add(dialect.name);
  }
  fill(fields, readGeneral(span));
  fill(fields, readAside(span) ?? {});
  if (fields.inputTokens !== undefined) fields.inputTokens += excludedCache(span);
  // A failure that the span itself admits is told in its own words, else in the dialect's.
  fields.failure = readFailure(span) ?? fields.failure;
  return fields;
}
