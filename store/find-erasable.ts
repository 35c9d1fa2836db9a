import { PipelineError } from '../core/errors.js';
import { contentHash } from '../core/keyed-hash.js';
import type { Span } from '../core/span.js';
import type { Trajectory } from '../core/trajectory.js';
import type { StoreConnection } from './connection.js';
import { spansOf, type TraceKey } from './span-queries.js';

/** Whose content goes. */
export interface ErasureSubject {
  readonly by: 'trace' | 'session' | 'user';
  /** Trace id, or its first 8 digits or more; session or user as the emitter sent it. */
  readonly value: string;
  /** Of every tenant when it is left out; a trace id that several tenants have needs one. */
  readonly tenant?: string;
}

export interface FindDeps {
  readonly connection: StoreConnection;
  /** Tells whose an open trace is. */
  readonly readTrajectory: (
    spans: readonly Span[],
    context: { readonly tenant: string },
  ) => Trajectory | Promise<Trajectory>;
}

/** How a subject is remembered: without its name. */
export function toErasureName({ by, value }: ErasureSubject): string {
  return by === 'trace' ? by : `${by}:${contentHash(by, value)}`;
}

/**
 * The traces of a subject, also those that were erased before: to erase again is to make sure.
 * @throws {PipelineError} TRACE_UNKNOWN when there is none, or the id is not clear
 */
export async function findErasable(subject: ErasureSubject, deps: FindDeps): Promise<readonly TraceKey[]> {
  if (subject.by === 'trace') return findTrace(subject, deps.connection);
  const found = [
    ...(await findDecided(subject, deps.connection)),
    ...(await findOpen(subject, deps)),
    ...(await findNoted(subject, deps.connection)),
  ];
  if (found.length > 0) return unique(found);
  const { by, value } = subject;
  throw unknown(
    `expected a trace of the ${by} ${JSON.stringify(value)}, got none; give the ${by} id as the emitter sends it, as assay why shows it`,
  );
}

const KEYS = `
  SELECT ResourceAttributes['assay.tenant'] AS tenant, TraceId AS trace_id FROM otel_traces WHERE startsWith(TraceId, {prefix: String})
  UNION DISTINCT
  SELECT ResourceAttributes['assay.tenant'] AS tenant, TraceId AS trace_id FROM otel_logs WHERE startsWith(TraceId, {prefix: String})
  UNION DISTINCT SELECT tenant, trace_id FROM assay_decisions WHERE startsWith(trace_id, {prefix: String})
  UNION DISTINCT SELECT tenant, trace_id FROM assay_erasures WHERE startsWith(trace_id, {prefix: String})`;

async function findTrace(subject: ErasureSubject, connection: StoreConnection): Promise<readonly TraceKey[]> {
  const prefix = subject.value.trim().toLowerCase();
  if (!/^[0-9a-f]{8,32}$/.test(prefix)) {
    throw unknown(`expected a trace id of 32 hex digits, or its first 8 or more, got "${subject.value}"`);
  }
  const keys = await connection.rows<TraceKey>(
    `SELECT tenant, trace_id AS traceId FROM (${KEYS}) WHERE 1 ${tenantClause(subject)} ORDER BY traceId, tenant LIMIT 3`,
    { prefix, tenant: subject.tenant ?? '' },
  );
  const [first, second] = keys;
  if (first === undefined) throw unknown(`expected a trace that was received, got none for ${prefix}`);
  if (second === undefined) return keys;
  throw unknown(
    first.traceId === second.traceId
      ? `expected one trace with the id ${first.traceId}, got one of each of the tenants ${keys.map((key) => key.tenant).join(', ')}; say which with --tenant`
      : `expected one trace that begins with ${prefix}, got several, such as ${first.traceId} and ${second.traceId}; give more digits`,
  );
}

function findDecided(subject: ErasureSubject, connection: StoreConnection): Promise<readonly TraceKey[]> {
  const column = subject.by === 'session' ? 'session_id' : 'user_id';
  return connection.rows<TraceKey>(
    `SELECT DISTINCT tenant, trace_id AS traceId FROM assay_decisions
     WHERE ${column} = {value: String} ${tenantClause(subject)} ORDER BY tenant, traceId`,
    { value: subject.value, tenant: subject.tenant ?? '' },
  );
}

/** A trace without a decision says whose it is in its spans alone, in the words of its emitter. */
async function findOpen(subject: ErasureSubject, deps: FindDeps): Promise<readonly TraceKey[]> {
  const candidates = await deps.connection.rows<TraceKey>(
    `SELECT DISTINCT ResourceAttributes['assay.tenant'] AS tenant, TraceId AS traceId FROM otel_traces
     WHERE (tenant, TraceId) NOT IN (SELECT tenant, trace_id FROM assay_decisions) ${tenantClause(subject)}
       AND (arrayExists(text -> position(text, {value: String}) > 0, mapValues(SpanAttributes))
         OR arrayExists(text -> position(text, {value: String}) > 0, mapValues(ResourceAttributes)))
     ORDER BY tenant, traceId`,
    { value: subject.value, tenant: subject.tenant ?? '' },
  );
  const found: TraceKey[] = [];
  for (const key of candidates) {
    const spans = await spansOf(deps.connection, [key.traceId], key.tenant);
    const { sessionId, userId } = await deps.readTrajectory(spans, { tenant: key.tenant });
    if ((subject.by === 'session' ? sessionId : userId) === subject.value) found.push(key);
  }
  return found;
}

/** Those of an earlier erasure, whether or not it came to its end: their rows may have lost the name and nothing else. */
function findNoted(subject: ErasureSubject, connection: StoreConnection): Promise<readonly TraceKey[]> {
  return connection.rows<TraceKey>(
    `SELECT DISTINCT tenant, trace_id AS traceId FROM assay_erasures WHERE by = {name: String} ${tenantClause(subject)}`,
    { name: toErasureName(subject), tenant: subject.tenant ?? '' },
  );
}

function unique(keys: readonly TraceKey[]): readonly TraceKey[] {
  return [...new Map(keys.map((key) => [`${key.tenant}\0${key.traceId}`, key])).values()];
}

function tenantClause({ tenant }: ErasureSubject): string {
  return tenant === undefined ? '' : 'AND tenant = {tenant: String}';
}

function unknown(message: string): PipelineError {
  return new PipelineError('TRACE_UNKNOWN', message);
}
