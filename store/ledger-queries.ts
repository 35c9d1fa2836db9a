import type { Decision, Stratum } from '../core/decision.js';
import { PipelineError } from '../core/errors.js';
import type { Verdict } from '../core/verdict.js';
import type { QueryParams, StoreConnection } from './connection.js';
import {
  DECISION_COLUMNS,
  type StoredDecision,
  type StoredVerdict,
  toDecision,
  toVerdict,
  VERDICT_COLUMNS,
} from './ledger-from-rows.js';
import type { LedgerOutcome } from '../core/ledger-outcome.js';

/** A line of the list of traces. */
export interface TraceRow {
  readonly traceId: string;
  readonly tenant: string;
  readonly service: string;
  readonly release: string;
  /** Bus time of the first record, ISO 8601; of a trace that is still open, the start of its first span. */
  readonly firstSeenAt: string;
  readonly durationMs: number;
  readonly outcome: LedgerOutcome;
  /** Pass or fail of the whole trace; null when unresolved. */
  readonly passed: boolean | null;
  readonly stratum: Stratum | null;
  readonly suspicion: number;
  /** Names of the checks that found something. */
  readonly findings: readonly string[];
  /** What the judge or the check said of it; of a trace without an answer, what the decision says. */
  readonly reason: string;
}

/** Which traces to list. */
export interface TraceFilter {
  readonly only?: 'failed' | 'suspected' | 'unjudged' | 'errors' | 'excluded';
  readonly release?: string;
  readonly limit: number;
}

/** The current decision; undefined while the trace is open. Without a tenant, any tenant's. */
export async function decisionOf(
  connection: StoreConnection,
  tenant: string | undefined,
  traceId: string,
): Promise<Decision | undefined> {
  const [row] = await connection.rows<StoredDecision>(
    `SELECT ${DECISION_COLUMNS} FROM assay_decisions_unique
     WHERE trace_id = {traceId: String} ${tenantClause(tenant)} ORDER BY version DESC LIMIT 1`,
    withTenant({ traceId }, tenant),
  );
  return row === undefined ? undefined : toDecision(row);
}

/** The current decisions of many traces, by trace id. An open trace is missing. */
export async function decisionsOf(
  connection: StoreConnection,
  traceIds: readonly string[],
): Promise<ReadonlyMap<string, Decision>> {
  const rows = await connection.rows<StoredDecision>(
    `SELECT ${DECISION_COLUMNS} FROM assay_decisions_unique
     WHERE trace_id IN {traceIds: Array(String)} ORDER BY version DESC LIMIT 1 BY trace_id`,
    { traceIds },
  );
  return new Map(rows.map((row) => [row.trace_id, toDecision(row)]));
}

/** Verdicts of one version of a trace, audits included, in order of criterion and time. */
export async function verdictsOf(
  connection: StoreConnection,
  tenant: string,
  trace: { traceId: string; version: number },
): Promise<readonly Verdict[]> {
  const rows = await connection.rows<StoredVerdict>(
    `SELECT ${VERDICT_COLUMNS} FROM assay_verdicts_unique
     WHERE tenant = {tenant: String} AND trace_id = {traceId: String} AND version = {version: UInt32}
     ORDER BY criterion, judged_at, eval_id`,
    { tenant, traceId: trace.traceId, version: trace.version },
  );
  return rows.map(toVerdict);
}

/**
 * The one outcome of a trace.
 * @throws {PipelineError} TRACE_UNKNOWN when no span of it was received
 */
export async function outcomeOf(
  connection: StoreConnection,
  tenant: string | undefined,
  traceId: string,
): Promise<LedgerOutcome> {
  const [row] = await connection.rows<{ outcome: LedgerOutcome }>(
    `SELECT outcome FROM assay_ledger WHERE trace_id = {traceId: String} ${tenantClause(tenant)} LIMIT 1`,
    withTenant({ traceId }, tenant),
  );
  if (row === undefined)
    throw new PipelineError('TRACE_UNKNOWN', `expected a trace that was received, got none for ${traceId}`);
  return row.outcome;
}

const ONLY = {
  failed: 'passed = false',
  suspected: `stratum = 'suspected' AND outcome != 'excluded'`,
  unjudged: `outcome NOT IN ('judged', 'from_cache', 'settled', 'excluded')`,
  excluded: `outcome = 'excluded'`,
  errors: `outcome = 'judge_error'`,
} as const satisfies Record<NonNullable<TraceFilter['only']>, string>;

/** The verdicts that speak for an outcome: of a trace that failed, those that failed it. */
const SPEAKS = `multiIf(outcome = 'judge_error', 'error', outcome = 'abstained', 'abstain', outcome = 'shed_budget', 'shed_budget',
  passed = false, 'fail', passed = true, 'pass', '')`;

/** What the latest verdict of each outcome says, of the latest answer to each criterion. */
const SAID = `SELECT tenant, trace_id, version, answer.1 AS outcome, argMax(answer.2, at) AS text
  FROM (
    SELECT tenant, trace_id, version, max(v.judged_at) AS at,
      argMax((toString(v.outcome), if(v.reason != '', v.reason, v.explanation)), (v.judged_at, v.eval_id)) AS answer
    FROM assay_verdicts AS v WHERE NOT audit AND NOT by_hand GROUP BY tenant, trace_id, version, criterion
  ) GROUP BY tenant, trace_id, version, outcome`;

const FOUND = `SELECT tenant, trace_id, arrayFirst((message, severity) -> severity = 'settles', \`findings.message\`, \`findings.severity\`) AS text
  FROM assay_decisions_current WHERE outcome = 'settled'`;

/** Traces, newest first. */
export async function listTraces(connection: StoreConnection, filter: TraceFilter): Promise<readonly TraceRow[]> {
  const conditions = ['1'];
  if (filter.only !== undefined) conditions.push(ONLY[filter.only]);
  if (filter.release !== undefined) conditions.push('release = {release: String}');
  const rows = await connection.rows<Omit<TraceRow, 'firstSeenAt'> & { firstSeenMs: number }>(
    `SELECT l.trace_id AS traceId, l.tenant AS tenant, l.service AS service, l.release AS release,
       toUnixTimestamp64Milli(l.first_seen_at) AS firstSeenMs, l.duration_ms AS durationMs, l.outcome AS outcome, l.passed AS passed,
       l.stratum AS stratum, l.suspicion AS suspicion, l.checks AS findings,
       multiIf(said.text != '', said.text, found.text != '', found.text, l.reason) AS reason
     FROM (
       SELECT *, ${SPEAKS} AS speaks FROM assay_ledger WHERE ${conditions.join(' AND ')}
       ORDER BY first_seen_at DESC, trace_id LIMIT {limit: UInt32}
     ) AS l
     LEFT JOIN (${SAID}) AS said
       ON said.tenant = l.tenant AND said.trace_id = l.trace_id AND said.version = l.version AND said.outcome = l.speaks
     LEFT JOIN (${FOUND}) AS found ON found.tenant = l.tenant AND found.trace_id = l.trace_id
     ORDER BY l.first_seen_at DESC, l.trace_id`,
    { limit: filter.limit, ...(filter.release === undefined ? {} : { release: filter.release }) },
  );
  return rows.map(({ firstSeenMs, ...row }) => ({ ...row, firstSeenAt: new Date(firstSeenMs).toISOString() }));
}

function tenantClause(tenant: string | undefined): string {
  return tenant === undefined ? '' : 'AND tenant = {tenant: String}';
}

function withTenant(params: QueryParams, tenant: string | undefined): QueryParams {
  return tenant === undefined ? params : { ...params, tenant };
}
