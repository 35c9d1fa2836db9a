import type { Cell, CellFilter, ReleaseCells, Slice } from '../core/cell.js';
import type { QueryParams, StoreConnection } from './connection.js';

export const SELECTED_AND_ANSWERED = `outcome = 'selected' AND NOT unanswered_yet`;

/** By what traces are told apart, as a column of `assay_results`. */
const SLICE_COLUMN: Readonly<Record<Exclude<Slice, 'criterion'>, string>> = {
  release: 'release',
  tenant: 'tenant',
  environment: 'environment',
  service: `''`,
};

/** A condition on `assay_results`, and what it is filled in with. */
export interface Condition {
  readonly sql: string;
  readonly params: QueryParams;
}

/** Of all traces that enter a rate. */
export function conditionOf({ sinceMs, service, release }: CellFilter): Condition {
  const sql = [`outcome != 'excluded'`];
  if (sinceMs !== undefined) sql.push('first_seen_at >= fromUnixTimestamp64Milli({sinceMs: Int64})');
  if (service !== undefined) sql.push('service = {service: String}');
  if (release !== undefined) sql.push('release = {release: String}');
  return {
    sql: sql.join(' AND '),
    params: {
      ...(sinceMs === undefined ? {} : { sinceMs }),
      ...(service === undefined ? {} : { service }),
      ...(release === undefined ? {} : { release }),
    },
  };
}

/** A trace without content is unanswered whether it would have been drawn or not, so each stands for itself alone. */
const CELL_PI = `if(cell_stratum = 'settled' OR outcome = 'abstained', 1, pi)`;

const TRACE_STRATUM = `if(outcome = 'settled', 'settled', stratum)`;

/** A trace resolves by its verdicts only when all of them are there: else the quick ones would weigh more. */
export const TRACE_RESOLVED = `(outcome = 'settled' OR (${SELECTED_AND_ANSWERED}))`;

/** A criterion that a check settled is known without sampling, whatever the stratum of its trace. */
const CRITERION_STRATUM = `if(outcome = 'settled' OR has(\`settled.criterion\`, applied), 'settled', stratum)`;
const CRITERION_RESOLVED = `(has(\`settled.criterion\`, applied) OR (outcome = 'selected' AND has(answered, applied)))`;

/** How one row of a counted trace, or of a criterion of it, is read. */
export interface Reading {
  readonly of: 'trace' | 'criterion';
  /** Where the rows come from; with a join for more columns where one is given. */
  readonly from: (more: string) => string;
  /** Columns that name the slice. */
  readonly keys: string;
  readonly stratum: string;
  readonly pi: string;
  readonly resolved: string;
  readonly passed: string;
  readonly failed: string;
  /** Of a trace that was selected, or has no content: whether it is unanswered for good. */
  readonly unanswered: string;
}

/** The ways in which each trace is counted: whole, and for each of its criteria. */
export function readingsOf({ by = 'release' }: CellFilter): readonly Reading[] {
  const criterion: Reading = {
    of: 'criterion',
    from: (more) => `assay_results ${more} ARRAY JOIN criteria AS applied`,
    keys:
      by === 'criterion'
        ? `service, applied AS slice, '' AS criterion`
        : `service, ${SLICE_COLUMN[by]} AS slice, applied AS criterion`,
    stratum: CRITERION_STRATUM,
    pi: CELL_PI,
    resolved: CRITERION_RESOLVED,
    passed: 'has(passed_criteria, applied)',
    failed: 'has(failed_criteria, applied)',
    unanswered: `(outcome = 'abstained' AND NOT is_resolved) OR (is_resolved AND NOT is_passed AND NOT is_failed)`,
  };
  if (by === 'criterion') return [criterion];
  const whole: Reading = {
    of: 'trace',
    from: (more) => `assay_results ${more}`,
    keys: `service, ${SLICE_COLUMN[by]} AS slice, '' AS criterion`,
    stratum: TRACE_STRATUM,
    pi: CELL_PI,
    resolved: TRACE_RESOLVED,
    passed: 'passed = true',
    failed: 'passed = false',
    unanswered: `outcome = 'abstained' OR (is_resolved AND passed IS NULL)`,
  };
  return [whole, criterion];
}

function countedRows(reading: Reading, condition: string): string {
  const { from, keys, stratum, pi, resolved, passed, failed, unanswered } = reading;
  return `SELECT ${keys}, ${stratum} AS cell_stratum, ${pi} AS cell_pi, ${resolved} AS is_resolved,
      is_resolved AND ${passed} AS is_passed, is_resolved AND ${failed} AS is_failed, ${unanswered} AS is_unanswered, upstream_weight
    FROM ${from('')} WHERE ${condition}`;
}

type CellRow = Cell & { readonly service: string; readonly release: string; readonly criterion: string };

const CELL_KEYS = 'service, release, criterion, stratum, pi, upstreamWeight';

/** The cells of each slice, for the whole trace and for each criterion. */
export async function releaseCells(
  connection: StoreConnection,
  filter: CellFilter = {},
): Promise<readonly ReleaseCells[]> {
  const { sql, params } = conditionOf(filter);
  const parts = readingsOf(filter).map((reading) => countedRows(reading, sql));
  const rows = await connection.rows<CellRow>(
    `SELECT ${CELL_KEYS}, count() AS traces, countIf(is_passed) AS passed, countIf(is_failed) AS failed,
       countIf(is_unanswered) AS unanswered
     FROM (
       SELECT service, slice AS release, criterion, cell_stratum AS stratum, cell_pi AS pi, upstream_weight AS upstreamWeight,
         is_passed, is_failed, is_unanswered
       FROM (${parts.join(' UNION ALL ')})
     ) GROUP BY ${CELL_KEYS} ORDER BY ${CELL_KEYS}`,
    params,
  );
  return bySlice(rows);
}

/** Rows of the same slice together, in the order in which they came. */
export function bySlice<Row extends { readonly service: string; readonly release: string; readonly criterion: string }>(
  rows: readonly Row[],
): readonly {
  service: string;
  release: string;
  criterion: string;
  cells: Omit<Row, 'service' | 'release' | 'criterion'>[];
}[] {
  const groups = new Map<string, ReturnType<typeof bySlice<Row>>[number]>();
  for (const { service, release, criterion, ...cell } of rows) {
    const key = JSON.stringify([service, release, criterion]);
    const group = groups.get(key) ?? { service, release, criterion, cells: [] };
    group.cells.push(cell);
    groups.set(key, group);
  }
  return [...groups.values()];
}
