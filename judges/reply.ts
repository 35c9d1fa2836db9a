import { Ajv, type ValidateFunction } from 'ajv';
import type { Rubric } from './rubric.js';

/** What a judge answered, checked against the rubric's schema. */
export interface Reply {
  readonly explanation: string;
  readonly quotes: readonly string[];
  readonly verdict: 'pass' | 'fail' | 'abstain';
  /** In [0, 1]. */
  readonly confidence: number;
}

export type ParsedReply =
  { readonly status: 'ok'; readonly reply: Reply } | { readonly status: 'invalid'; readonly reason: string };

/** Longest explanation and quote that is kept. */
const MAX_TEXT_CHARS = 4000;
const MAX_QUOTES = 10;

/** Checks replies of one rubric. The verdict comes from the structured field alone, never from free text. */
export function createReplyParser(rubric: Rubric): (value: unknown) => ParsedReply {
  const validate = new Ajv({ strict: true, allErrors: false }).compile(rubric.schema) as ValidateFunction<Reply>;
  return (value) => {
    if (!validate(value)) {
      const issue = validate.errors?.[0];
      const where = issue?.instancePath === '' ? 'the reply' : (issue?.instancePath ?? 'the reply');
      return {
        status: 'invalid',
        reason: `expected a reply that fits the rubric's schema, ${where} ${issue?.message ?? ''}`,
      };
    }
    if (!(value.confidence >= 0 && value.confidence <= 1)) {
      return { status: 'invalid', reason: `expected a confidence in [0, 1], got ${value.confidence}` };
    }
    const explanation = value.explanation.slice(0, MAX_TEXT_CHARS);
    if (explanation.trim() === '') return { status: 'invalid', reason: 'expected an explanation, got an empty one' };
    const quotes = value.quotes.slice(0, MAX_QUOTES);
    if (quotes.some((quote) => quote.length > MAX_TEXT_CHARS)) {
      return { status: 'invalid', reason: `expected quotes of at most ${MAX_TEXT_CHARS} characters` };
    }
    return { status: 'ok', reply: { ...value, explanation, quotes } };
  };
}
