import type { Clock } from '../core/clock.js';
import type { StoreConnection } from './connection.js';
import { type Coverage, LEDGER_OUTCOMES } from '../core/ledger-outcome.js';
import { SELECTED_AND_ANSWERED } from './cell-queries.js';

/** What was spent, and what a price of judging everything can be computed from. In US dollars. */
export interface SpendTotals {
  /** Settled calls as charged, lost ones as reserved. */
  readonly usd: number;
  readonly lostUsd: number;
  readonly calls: number;
  /** Of a settled call that cost something, which is one vote; 0 while there is none. A call that failed is free. */
  readonly meanCallUsd: number;
  /** Pairs of a decided trace and a criterion that applies to it. */
  readonly judgeable: number;
}

/** Counts for a live panel. */
export interface StoreCounts {
  /** Each span once. */
  readonly spans: number;
  readonly decided: number;
  /** Without the excluded. */
  readonly suspected: number;
  readonly settled: number;
  readonly judged: number;
}

const ANSWERED = `(SELECT count() FROM assay_results WHERE ${SELECTED_AND_ANSWERED}`;
const CURRENT = `(SELECT count() FROM assay_decisions_current WHERE outcome`;

/** Decided traces whose spans were erased, or may have been dropped by age: they were received all the same. */
const SPANS_ARE_GONE = `(tenant, trace_id) IN (SELECT tenant, trace_id FROM assay_erasures)
  OR first_seen_at < (SELECT max(before) + INTERVAL 8 DAY FROM assay_retention)`;

/**
 * Each by its own query. These run one after the other, and on no common snapshot: what is written between two of them can
 * be counted twice or not at all.
 */
const COVERAGE: Readonly<Record<keyof Coverage, string>> = {
  pending: `(SELECT count() FROM assay_results WHERE unanswered_yet)`,
  judge_error: `${ANSWERED} AND errors > 0)`,
  abstained: `${ANSWERED} AND errors = 0 AND abstentions > 0) + ${CURRENT} = 'abstained')`,
  shed_budget: `${ANSWERED} AND errors = 0 AND abstentions = 0 AND shed > 0)`,
  judged: `${ANSWERED} AND errors = 0 AND abstentions = 0 AND shed = 0 AND fresh > 0)`,
  from_cache: `${ANSWERED} AND errors = 0 AND abstentions = 0 AND shed = 0 AND fresh = 0 AND cached > 0)`,
  settled: `${CURRENT} = 'settled')`,
  sampled_out: `${CURRENT} = 'sampled_out')`,
  excluded: `${CURRENT} = 'excluded')`,
  open: `(SELECT count() FROM assay_open_traces)`,
  received: `(SELECT uniqExact(tenant, trace_id) FROM (
    SELECT ResourceAttributes['assay.tenant'] AS tenant, TraceId AS trace_id FROM otel_traces
    UNION ALL SELECT tenant, trace_id FROM assay_decisions WHERE ${SPANS_ARE_GONE}))`,
};

const COVERAGE_READS = 5;
const COVERAGE_PAUSE_MS = 50;

/**
 * Traces received and each outcome, each by its own query. Read again until the outcomes add up to what was received, five
 * times at most, because rows are written meanwhile: under steady writing the last answer may still be a few traces off.
 */
export async function coverage(connection: StoreConnection, clock: Clock): Promise<Coverage> {
  const columns = Object.entries(COVERAGE).map(([name, query]) => `${query} AS ${name}`);
  for (let read = 1; ; read++) {
    const [row] = await connection.rows<Coverage>(`SELECT ${columns.join(', ')}`);
    if (addsUp(row!) || read === COVERAGE_READS) return row!;
    await clock.sleep(COVERAGE_PAUSE_MS);
  }
}

function addsUp(coverage: Coverage): boolean {
  return LEDGER_OUTCOMES.reduce((sum, outcome) => sum + coverage[outcome], 0) === coverage.received;
}

/** Decided traces that were not whole at the deadline; those that are excluded are not asked. */
export async function incomplete(connection: StoreConnection): Promise<number> {
  const [row] = await connection.rows<{ count: number }>(
    `SELECT count() AS count FROM assay_decisions_current WHERE NOT complete AND outcome != 'excluded'`,
  );
  return row!.count;
}

/** Money of all model calls. */
export async function spend(connection: StoreConnection): Promise<SpendTotals> {
  const [row] = await connection.rows<SpendTotals>(
    `SELECT
       sum(if(status = 'lost', reserved_micro_usd, settled_micro_usd)) / 1e6 AS usd,
       sumIf(reserved_micro_usd, status = 'lost') / 1e6 AS lostUsd,
       count() AS calls,
       ifNotFinite(avgIf(settled_micro_usd, status = 'settled' AND settled_micro_usd > 0) / 1e6, 0) AS meanCallUsd,
       (SELECT sum(length(criteria)) FROM assay_decisions_current WHERE outcome != 'excluded') AS judgeable
     FROM assay_spend_unique`,
  );
  return row!;
}

/** Counts for a live panel. */
export async function counts(connection: StoreConnection): Promise<StoreCounts> {
  const [row] = await connection.rows<StoreCounts>(
    `SELECT
       (SELECT uniqExact(ResourceAttributes['assay.tenant'], TraceId, SpanId) FROM otel_traces) AS spans,
       count() AS decided,
       countIf(stratum = 'suspected' AND outcome != 'excluded') AS suspected,
       countIf(outcome = 'settled') AS settled,
       countIf(ledger_outcome IN ('judged', 'from_cache')) AS judged
     FROM assay_results`,
  );
  return row!;
}

/** Hits of the cache that were judged all the same. */
export interface CacheAudits {
  readonly agreed: number;
  readonly flipped: number;
}

/** How often a judge said again what the cache had said. */
export async function cacheAudits(connection: StoreConnection): Promise<CacheAudits> {
  const [row] = await connection.rows<CacheAudits>(
    `SELECT countIf(cache_audit = 'agreed') AS agreed, countIf(cache_audit = 'flipped') AS flipped FROM assay_verdicts_unique`,
  );
  return row!;
}
