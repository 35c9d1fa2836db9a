import { PipelineError } from '../core/errors.js';
import type { StoredRecord } from '../core/log.js';
import { VERDICT_OUTCOMES, type Verdict } from '../core/verdict.js';

/**
 * Reads a record of `verdicts`. What an older Assay did not write yet is filled in.
 * @throws {PipelineError} RECORD_MALFORMED
 */
export function parseVerdict({ partition, offset, value }: StoredRecord): Verdict {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8'));
  } catch (error) {
    throw malformed('JSON', { partition, offset, cause: error });
  }
  const verdict = { spanId: '', byHand: false, disputed: false, ...(parsed as Partial<Verdict> | null) };
  if (!isVerdict(verdict)) throw malformed('a verdict', { partition, offset });
  return verdict;
}

function isVerdict(verdict: Partial<Verdict>): verdict is Verdict {
  const { traceId, spanId, criterion, outcome, version, judgedAtMs } = verdict;
  return (
    /^[0-9a-f]{32}$/.test(String(traceId)) &&
    /^([0-9a-f]{16})?$/.test(String(spanId)) &&
    typeof criterion === 'string' &&
    (VERDICT_OUTCOMES as readonly unknown[]).includes(outcome) &&
    Number.isSafeInteger(version) &&
    Number.isSafeInteger(judgedAtMs)
  );
}

interface Place extends ErrorOptions {
  readonly partition: number;
  readonly offset: number;
}

function malformed(expected: string, { partition, offset, cause }: Place): PipelineError {
  const text = `expected ${expected} in record ${offset} of partition ${partition} of topic verdicts, got something else; it is skipped`;
  return new PipelineError('RECORD_MALFORMED', text, { cause });
}
