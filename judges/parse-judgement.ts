import { z } from 'zod';
import { PipelineError } from '../core/errors.js';
import type { Judgement } from '../core/evidence.js';
import type { StoredRecord } from '../core/log.js';
import { STRATA } from '../core/decision.js';

/** What judging reads of a judgement; the rest of the decision is passed by. */
const judgementRecord = z.looseObject({
  decision: z.looseObject({
    tenant: z.string(),
    traceId: z.string().min(1),
    version: z.int(),
    // Absent in records of the version before these were known.
    rootSpanId: z.string().default(''),
    logCount: z.int().default(0),
    service: z.string(),
    release: z.string(),
    stratum: z.enum(STRATA),
    pi: z.number(),
    audit: z.boolean(),
    decidedAtMs: z.number(),
  }),
  criteria: z.array(z.string()),
  evidence: z.looseObject({ sections: z.array(z.looseObject({ title: z.string(), text: z.string() })) }),
  own: z.boolean().default(false),
});

/**
 * Reads a record of the judgements topic.
 * @throws {PipelineError} RECORD_MALFORMED
 */
export function parseJudgement(record: StoredRecord): Judgement {
  const where = `judgements partition ${record.partition} offset ${record.offset}`;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(record.value));
    return judgementRecord.parse(value) as unknown as Judgement;
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new PipelineError('RECORD_MALFORMED', `expected a judgement at ${where}: ${why}`, { cause });
  }
}
