import { PipelineError } from '../core/errors.js';
import type { Span } from '../core/span.js';
import type { StoreConnection } from './connection.js';
import { SPAN_COLUMNS, type StoredSpan, toSpan } from './span-from-row.js';

/** A trace by its key. */
export interface TraceKey {
  readonly tenant: string;
  readonly traceId: string;
}

/** The partitions and marks of these traces, from the small table that knows when each was. */
export const WITHIN = `
  Timestamp >= (SELECT min(Start) FROM otel_traces_trace_id_ts WHERE TraceId IN {traceIds: Array(String)})
  AND Timestamp <= (SELECT max(End) + INTERVAL 1 SECOND FROM otel_traces_trace_id_ts WHERE TraceId IN {traceIds: Array(String)})`;

/** A bound of memory: no run has as many evaluators. */
const MAX_LINKED_SPANS = 1_000;

const TENANT = `ResourceAttributes['assay.tenant']`;

/** Spans of these traces, each once, in order of start. Of a span that came twice, the longer. */
export async function spansOf(
  connection: StoreConnection,
  traceIds: readonly string[],
  tenant?: string,
): Promise<readonly Span[]> {
  if (traceIds.length === 0) return [];
  const rows = await connection.rows<StoredSpan>(
    spansWhere(
      `TraceId IN {traceIds: Array(String)} AND ${WITHIN} ${tenant === undefined ? '' : `AND ${TENANT} = {tenant: String}`}`,
    ),
    { traceIds, ...(tenant === undefined ? {} : { tenant }) },
  );
  return toSpans(rows);
}

/** Spans of other traces with a link to this one, each once, in order of start; the first of very many. */
export async function spansLinkedTo(
  connection: StoreConnection,
  { tenant, traceId }: TraceKey,
): Promise<readonly Span[]> {
  const rows = await connection.rows<StoredSpan>(
    `${spansWhere(
      `has(otel_traces.\`Links.TraceId\`, {traceId: String}) AND TraceId != {traceId: String} AND ${TENANT} = {tenant: String}
       AND Timestamp >= (SELECT min(Start) - INTERVAL 1 DAY FROM otel_traces_trace_id_ts WHERE TraceId = {traceId: String})`,
    )} LIMIT ${MAX_LINKED_SPANS}`,
    { tenant, traceId },
  );
  return toSpans(rows);
}

/** Each span once, the longer of one that came twice. */
function spansWhere(condition: string): string {
  return `SELECT ${SPAN_COLUMNS} FROM otel_traces WHERE ${condition}
     ORDER BY otel_traces.Duration DESC, otel_traces.Timestamp
     LIMIT 1 BY ${TENANT}, TraceId, SpanId`;
}

function toSpans(rows: readonly StoredSpan[]): readonly Span[] {
  return rows.map(toSpan).sort((a, b) => (a.startNs < b.startNs ? -1 : Number(a.startNs > b.startNs)));
}

/** Trace ids that have a decision, after this one, in order. */
export async function traceIdsAfter(
  connection: StoreConnection,
  after: string,
  limit: number,
): Promise<readonly string[]> {
  const rows = await connection.rows<{ id: string }>(
    `SELECT DISTINCT trace_id AS id FROM assay_decisions WHERE trace_id > {after: String} ORDER BY id LIMIT {limit: UInt32}`,
    { after, limit },
  );
  return rows.map((row) => row.id);
}

/**
 * The one trace that a user means: its id in any case, or the first 8 digits or more of it. Also a trace whose spans are gone
 * and whose decision is left.
 * @throws {PipelineError} TRACE_UNKNOWN when it is no such id, or no or several traces have it
 */
export async function resolveTrace(connection: StoreConnection, given: string): Promise<TraceKey> {
  const prefix = given.trim().toLowerCase();
  if (!/^[0-9a-f]{8,32}$/.test(prefix)) {
    throw unknownTrace(
      `expected a trace id of 32 hex digits, or its first 8 or more, got "${given}"; find ids with "assay traces"`,
    );
  }
  const traceIds = await connection
    .rows<{ id: string }>(
      `SELECT id FROM (
         SELECT TraceId AS id FROM otel_traces_trace_id_ts WHERE startsWith(TraceId, {prefix: String})
         UNION DISTINCT SELECT trace_id AS id FROM assay_decisions WHERE startsWith(trace_id, {prefix: String})
       ) ORDER BY id LIMIT 3`,
      { prefix },
    )
    .then((rows) => rows.map((row) => row.id));
  if (traceIds.length > 1) {
    throw unknownTrace(
      `expected one trace that begins with ${prefix}, got several, such as ${traceIds.join(', ')}; give more digits`,
    );
  }
  const keys = await connection.rows<TraceKey>(
    `SELECT tenant, traceId FROM (
       SELECT ${TENANT} AS tenant, TraceId AS traceId FROM otel_traces WHERE TraceId IN {traceIds: Array(String)} AND ${WITHIN}
       UNION DISTINCT SELECT tenant, trace_id AS traceId FROM assay_decisions WHERE trace_id IN {traceIds: Array(String)}
     ) ORDER BY tenant LIMIT 3`,
    { traceIds },
  );
  const [key, other] = keys;
  if (key === undefined) {
    throw unknownTrace(
      `expected a trace that was received, got none for ${prefix}; it may not have arrived or not be written yet`,
    );
  }
  if (other !== undefined) {
    throw unknownTrace(
      `expected one trace with the id ${key.traceId}, got one of each of the tenants ${keys.map((k) => k.tenant).join(', ')}`,
    );
  }
  return key;
}

function unknownTrace(message: string): PipelineError {
  return new PipelineError('TRACE_UNKNOWN', message);
}
