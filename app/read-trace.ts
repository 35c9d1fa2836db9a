import { systemClock } from '../core/clock.js';
import type { Decision } from '../core/decision.js';
import { PipelineError } from '../core/errors.js';
import { joinLogEvents } from '../core/join-log-events.js';
import type { LogEvent } from '../core/log-event.js';
import type { Span } from '../core/span.js';
import type { Trajectory } from '../core/trajectory.js';
import { readTrajectory } from '../dialects/index.js';
import type { StoreReader, TraceKey } from '../store/index.js';
import { LAST } from './last-trace.js';
import type { QueryDeps } from './query-deps.js';
import { untilWritten } from './until-written.js';

type TraceKeyDeps = Pick<QueryDeps, 'log' | 'config'> & {
  readonly reader: Pick<StoreReader, 'listTraces' | 'resolveTrace'>;
};

/** Longest that a write of the store is waited for, beside the time until it begins. */
const WRITE_MS = 2_000;

/** A stored trace: what it is made of, and what it says. */
export interface ReadTrace {
  readonly spans: readonly Span[];
  readonly logs: readonly LogEvent[];
  readonly trajectory: Trajectory;
}

/**
 * Reads a trace back from the store as the sampler read it from the bus.
 * @throws {PipelineError} TRACE_UNKNOWN when its spans are gone
 */
export async function readTrace(
  reader: Pick<StoreReader, 'spansOf' | 'logsOf'>,
  { tenant, traceId }: TraceKey,
): Promise<ReadTrace> {
  const [spans, logs] = await Promise.all([reader.spansOf(tenant, traceId), reader.logsOf(tenant, traceId)]);
  if (spans.length > 0) return { spans, logs, trajectory: readTrajectory(joinLogEvents(spans, logs), { tenant }) };
  throw new PipelineError(
    'TRACE_UNKNOWN',
    `expected spans of ${traceId}, but they were erased, or dropped by age; its decision is left, which assay why shows`,
  );
}

/** The same, also of a trace whose spans are gone: what its decision says of it is then all there is. */
export async function readTraceOrRest(
  reader: Pick<StoreReader, 'spansOf' | 'logsOf'>,
  key: TraceKey,
  decision: Decision | undefined,
): Promise<ReadTrace> {
  try {
    return await readTrace(reader, key);
  } catch (error) {
    if (decision === undefined || !(error instanceof PipelineError) || error.code !== 'TRACE_UNKNOWN') throw error;
    return { spans: [], logs: [], trajectory: restOf(decision) };
  }
}

function restOf(decision: Decision): Trajectory {
  const { tenant, traceId, service, release, environment, tokens, spanCount, durationMs } = decision;
  return {
    ...{ tenant, traceId, service, release, environment, tokens, spanCount, durationMs },
    ...{ steps: [], tools: [], dialects: [], hasContent: false },
  };
}

/**
 * The one trace that a user means: an id, the first 8 digits or more of it, or `last`, the newest that was acknowledged.
 * @throws {PipelineError} TRACE_UNKNOWN
 */
export async function traceKeyOf({ reader, log, config }: TraceKeyDeps, given: string): Promise<TraceKey> {
  if (given !== LAST) return reader.resolveTrace(given);
  // Else a run that ended a moment ago is not there yet, and `last` tells of the one before it.
  await untilWritten({ log, clock: systemClock }, config.store.flushMs + WRITE_MS);
  const newest = (await reader.listTraces({ limit: 1 }))[0];
  if (newest !== undefined) return { tenant: newest.tenant, traceId: newest.traceId };
  throw new PipelineError('TRACE_UNKNOWN', 'expected a trace to have been received, but none has arrived yet');
}
