import type { GivenUp } from '../core/dead-letter.js';
import { PipelineError } from '../core/errors.js';
import type { StoredRecord } from '../core/log.js';
import type { Skipped } from './block.js';

/** What the writer gives up, each record once, however many of its spans could not be written. */
export function toGivenUp(skipped: readonly Skipped[]): readonly GivenUp[] {
  const errors = new Map<StoredRecord, unknown[]>();
  for (const { record, error } of skipped) {
    const before = errors.get(record);
    if (before === undefined) errors.set(record, [error]);
    else before.push(error);
  }
  return [...errors].map(([record, [first, ...more]]) => ({
    record,
    role: 'write',
    error: more.length === 0 ? first : withCount(first, more.length),
  }));
}

function withCount(error: unknown, more: number): unknown {
  if (!(error instanceof PipelineError)) return error;
  return new PipelineError(error.code, `${error.message} (and ${more} more of its spans)`, { cause: error });
}
