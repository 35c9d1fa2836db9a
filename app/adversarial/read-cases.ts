import { z } from 'zod';
import { PipelineError } from '../../core/errors.js';
import type { GivenCase } from './api.js';
import { parseJsonLine } from '../parse-json-line.js';

const text = z.string().max(100_000).exactOptional();

const line = z
  .strictObject({
    traceId: z
      .string()
      .regex(/^[0-9a-f]{8,32}$/, 'expected 32 lower-case hex digits, or the first 8 or more')
      .exactOptional(),
    input: text,
    criterion: text,
    contains: text,
    lacks: text,
    matches: text,
    pattern: text,
    note: text,
    tenant: z.string().min(1).max(128).exactOptional(),
  })
  .refine(({ traceId, input }) => traceId !== undefined || (input ?? '').trim() !== '', {
    error: 'expected input, or traceId',
  });

/**
 * Cases from JSONL, a line a case; empty lines are passed over.
 * @param name - of the file, for the error
 * @throws {PipelineError} CONFIG_INVALID, which names the first line that is no case
 */
export function readCases(content: string, name: string): readonly GivenCase[] {
  return content.split('\n').flatMap((written, index) => {
    if (written.trim() === '') return [];
    return [parseLine(written, `${name}:${index + 1}`)];
  });
}

function parseLine(written: string, place: string): GivenCase {
  const parsed = parseJsonLine(line, written);
  if ('value' in parsed) return parsed.value;
  throw new PipelineError(
    'CONFIG_INVALID',
    `expected a case as one JSON object at ${place}, such as {"input":"…","contains":"…"}, got ${parsed.problem}; nothing was added`,
  );
}
