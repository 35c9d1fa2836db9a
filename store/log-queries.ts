import type { LogEvent } from '../core/log-event.js';
import type { Span } from '../core/span.js';
import type { QueryParams, StoreConnection } from './connection.js';
import { LOG_COLUMNS, type StoredLog, toLogEvent } from './log-from-row.js';
import { ORIGINAL_TIMESTAMP } from './row-parts.js';
import { spansLinkedTo, type TraceKey } from './span-queries.js';

/** A run of an agent, as feedback on it names it. */
export interface RunKey extends TraceKey {
  /** Ids that providers gave to the responses of the run (`gen_ai.response.id`). */
  readonly responseIds: readonly string[];
}

/** What was received about a run from outside of it. */
export interface FeedbackRecords {
  /** Of other traces, with a link to this one. */
  readonly spans: readonly Span[];
  /** Evaluations of other traces, or of none, that name one of the responses. */
  readonly logs: readonly LogEvent[];
}

/** A bound of memory: no run has as many evaluations. */
const MAX_EVALUATIONS = 1_000;

const TENANT = `ResourceAttributes['assay.tenant']`;

/** As the view `assay_logs` has it, whose condition the engine would apply only after it had read all. */
const EACH_ONCE = `LIMIT 1 BY TraceId, if(LogAttributes['${ORIGINAL_TIMESTAMP}'] != '', 0, toUnixTimestamp64Nano(Timestamp)),
  SpanId, SeverityText, SeverityNumber, EventName, Body, LogAttributes, ScopeName, ScopeVersion, ResourceAttributes`;

/** Log events of these traces, each once, in order of time. */
export async function logsOf(
  connection: StoreConnection,
  traceIds: readonly string[],
  tenant?: string,
): Promise<readonly LogEvent[]> {
  if (traceIds.length === 0) return [];
  const ofTenant = tenant === undefined ? '' : `AND ${TENANT} = {tenant: String}`;
  const condition = `TraceId IN {traceIds: Array(String)} ${ofTenant}`;
  return select(connection, condition, { traceIds, ...(tenant === undefined ? {} : { tenant }) });
}

/** What others said of a run. */
export async function feedbackFor(connection: StoreConnection, run: RunKey): Promise<FeedbackRecords> {
  const spans = await spansLinkedTo(connection, run);
  const { tenant, traceId, responseIds } = run;
  if (responseIds.length === 0) return { spans, logs: [] };
  const logs = await select(
    connection,
    `EventName = 'gen_ai.evaluation.result' AND LogAttributes['gen_ai.response.id'] IN {responseIds: Array(String)}
     AND TraceId != {traceId: String} AND ${TENANT} = {tenant: String}`,
    { tenant, traceId, responseIds },
    `LIMIT ${MAX_EVALUATIONS}`,
  );
  return { spans, logs };
}

async function select(
  connection: StoreConnection,
  ...[condition, params, limit = '']: readonly [condition: string, params: QueryParams, limit?: string]
): Promise<readonly LogEvent[]> {
  const rows = await connection.rows<StoredLog>(
    `SELECT ${LOG_COLUMNS} FROM otel_logs WHERE ${condition} ${EACH_ONCE} ${limit}`,
    params,
  );
  return rows.map(toLogEvent).sort((a, b) => (a.timeNs < b.timeNs ? -1 : Number(a.timeNs > b.timeNs)));
}
