import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { PipelineError } from '../../core/errors.js';

const outcome = z.enum(['pass', 'fail']);

const pairLine = z.strictObject({
  item: z.string().min(1),
  baseline: outcome,
  candidate: outcome,
  adversarial: z.boolean().default(false),
});

/** One item that both releases were run on. */
export type Pair = z.output<typeof pairLine>;

/**
 * Reads pairs from JSONL, a line an item; empty lines are passed over.
 *
 * @throws {PipelineError} CONFIG_INVALID, which names the line, when the file cannot be read, a line is no pair, or an item is
 * there twice: trials of one item are not independent, and would count as if they were
 */
export function readPairs(path: string): readonly Pair[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw invalid(`expected pairs as JSONL in ${path}, got ${(error as Error).message}`, error);
  }
  const pairs = new Map<string, Pair>();
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '') return;
    const pair = parsePair(line, `${path}:${index + 1}`);
    if (pairs.has(pair.item)) {
      throw invalid(
        `expected each item once, got "${pair.item}" again in ${path}:${index + 1}; give its trials as one outcome`,
      );
    }
    pairs.set(pair.item, pair);
  });
  return [...pairs.values()];
}

function parsePair(line: string, where: string): Pair {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw invalid(`expected one JSON object a line, got none in ${where}; see assay gate --help`, error);
  }
  const parsed = pairLine.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') ?? '';
  throw invalid(`expected a pair in ${where}, got ${field === '' ? '' : `${field}: `}${issue?.message ?? 'none'}`);
}

function invalid(message: string, cause?: unknown): PipelineError {
  return new PipelineError('CONFIG_INVALID', message, cause === undefined ? {} : { cause });
}
