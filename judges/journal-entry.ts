import { z } from 'zod';
import { PipelineError } from '../core/errors.js';
import type { LogRecord, StoredRecord } from '../core/log.js';
import type { CallEntry } from './call-entry.js';

/** What one judge tells those who come after it in a partition, in the order in which it happened. */
export type JournalEntry =
  { readonly kind: 'call'; readonly call: CallEntry } | { readonly kind: 'done'; readonly done: DoneEvaluation };

/** An evaluation whose verdict is on the bus. */
export interface DoneEvaluation {
  readonly evalId: string;
  /** Empty for an example of a rubric. */
  readonly traceId: string;
  readonly partition: number;
  readonly atMs: number;
  /** As they ended, without what was replied. */
  readonly calls: readonly CallEntry[];
}

const amount = z.number().min(0);
const callKey = { evalId: z.string(), vote: z.int(), attempt: z.int(), day: z.iso.date(), traceId: z.string() };
const began = z.looseObject({ ...callKey, beganAtMs: amount, reservedMicroUsd: amount });
const call = z.discriminatedUnion('status', [
  began.extend({ status: z.literal(['reserved', 'lost']) }),
  began.extend({ status: z.literal(['replied', 'failed']), settledMicroUsd: amount, endedAtMs: amount }),
]);
const entry = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('call'), call }),
  z.looseObject({
    kind: z.literal('done'),
    done: z.looseObject({ evalId: z.string(), traceId: z.string(), atMs: amount, calls: z.array(call) }),
  }),
]);

/** As it goes to `journal`. */
export function toJournalRecord(told: JournalEntry): LogRecord {
  const { traceId, partition } = told.kind === 'call' ? told.call : told.done;
  return {
    topic: 'journal',
    key: traceId,
    toPartition: partition,
    value: new TextEncoder().encode(JSON.stringify(told)),
  };
}

/** @throws {PipelineError} RECORD_MALFORMED */
export function parseJournalRecord({ value, partition, offset }: StoredRecord): JournalEntry {
  try {
    return entry.parse(JSON.parse(new TextDecoder().decode(value))) as unknown as JournalEntry;
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    const where = `journal partition ${partition} offset ${offset}`;
    throw new PipelineError('RECORD_MALFORMED', `expected an entry of a judge's journal at ${where}: ${why}`, {
      cause,
    });
  }
}
