import type { CellFilter, LabelledCell, LabelledSlice, UnflaggedSlice } from '../core/cell.js';
import type { Stratum } from '../core/decision.js';
import { type Label, type LabelQueue } from '../core/label.js';
import { bySlice, conditionOf, type Reading, readingsOf, TRACE_RESOLVED } from './cell-queries.js';
import type { StoreConnection } from './connection.js';
import { ERASED } from './text-free.js';

/** Labels of traces that were drawn at random; what somebody chose to label says nothing of the others. */
const DRAWN = `SELECT tenant, trace_id, version,
    groupArrayIf(toString(criterion), value = 'fail') AS label_fails, groupArrayIf(toString(criterion), value = 'pass') AS label_passes,
    arrayConcat(label_fails, label_passes) AS label_said, max(of_audit) AS is_audit, max(last_labelled_at) AS labelled_at, count() AS asked
  FROM assay_labels_current WHERE of_cell OR of_audit GROUP BY tenant, trace_id, version`;

const WITH_LABELS = `AS r LEFT JOIN (${DRAWN}) AS l ON r.tenant = l.tenant AND r.trace_id = l.trace_id AND r.version = l.version`;

/** A trace failed that fails in one criterion; it is known once a person has said something of all of them. */
const TRACE_LABEL = { known: 'notEmpty(criteria) AND hasAll(label_said, criteria)', fails: 'notEmpty(label_fails)' };
const CRITERION_LABEL = { known: 'has(label_said, applied)', fails: 'has(label_fails, applied)' };

function labelledRows(reading: Reading, condition: string): string {
  const { from, keys, stratum, pi, resolved, passed } = reading;
  const label = reading.of === 'criterion' ? CRITERION_LABEL : TRACE_LABEL;
  return `SELECT ${keys}, ${stratum} AS cell_stratum, ${pi} AS cell_pi, upstream_weight / cell_pi AS w,
      passed = true AS trace_passed, ${passed} AS own_passed, ${label.known} AS is_known, is_known AND ${label.fails} AS is_failed, labelled_at
    FROM ${from(WITH_LABELS)}
    WHERE ${condition} AND ${TRACE_RESOLVED} AND passed IS NOT NULL AND ${resolved}
      AND (${passed} OR ${reading.failed})`;
}

type LabelledRow = LabelledCell & { readonly service: string; readonly release: string; readonly criterion: string };

const KEYS = 'service, release, criterion, stratum, tracePassed, passed';

/**
 * Per slice and cell of stratum and verdict, how much there is and what people said of it. Cells of a criterion are told apart by
 * the verdict on the whole trace too: traces are drawn by that one.
 */
export async function labelledCells(
  connection: StoreConnection,
  filter: CellFilter = {},
): Promise<readonly LabelledSlice[]> {
  const { sql, params } = conditionOf(filter);
  const parts = readingsOf(filter).map((reading) => labelledRows(reading, sql));
  const rows = await connection.rows<LabelledRow>(
    `SELECT service, slice AS release, criterion, cell_stratum AS stratum, toBool(trace_passed) AS tracePassed,
       toBool(own_passed) AS passed,
       count() AS traces, sum(w) AS weight, sum(w * w) AS squares,
       countIf(is_known) AS labels, sumIf(w, is_known) AS labelWeight, sumIf(w * w, is_known) AS labelSquares,
       sumIf(w, is_failed) AS failedWeight,
       if(labels = 0, 0, toUnixTimestamp64Milli(minIf(labelled_at, is_known))) AS oldestLabelMs,
       if(labels = 0, 0, toUnixTimestamp64Milli(maxIf(labelled_at, is_known))) AS newestLabelMs
     FROM (${parts.join(' UNION ALL ')}) GROUP BY ${KEYS} ORDER BY ${KEYS}`,
    params,
  );
  return bySlice(rows);
}

/** Neither a check nor a judge found anything in it, and there is something that a person can read. */
const UNFLAGGED = `stratum = 'unsuspected' AND outcome IN ('selected', 'sampled_out') AND (passed IS NULL OR passed = true)`;

/** The traces that nothing flagged, judged or not, and what people said of those that were drawn for the audit. */
export async function unflagged(
  connection: StoreConnection,
  filter: CellFilter = {},
): Promise<readonly UnflaggedSlice[]> {
  const { sql, params } = conditionOf(filter);
  const reading = readingsOf(filter).find(({ of }) => of === 'trace');
  if (reading === undefined) return [];
  return connection.rows<UnflaggedSlice>(
    `SELECT service, slice AS release, count() AS traces, countIf(is_known) AS labels, sumIf(w, is_known) AS labelWeight,
       sumIf(w * w, is_known) AS labelSquares, sumIf(w, is_known AND ${TRACE_LABEL.fails}) AS failedWeight
     FROM (
       SELECT ${reading.keys}, upstream_weight AS w, is_audit AND ${TRACE_LABEL.known} AS is_known, label_fails
       FROM ${reading.from(WITH_LABELS)} WHERE ${sql} AND ${UNFLAGGED}
     ) GROUP BY service, release ORDER BY service, release`,
    params,
  );
}

/** A trace that a person could be asked about. */
export interface LabelCandidate {
  readonly queue: Extract<LabelQueue, 'cell' | 'audit'>;
  readonly tenant: string;
  readonly traceId: string;
  readonly version: number;
  readonly service: string;
  readonly release: string;
  readonly criteria: readonly string[];
  /** The cell that it was drawn from. */
  readonly stratum: Stratum;
  /** What the instrument said of it; null of one that was drawn for the audit. */
  readonly passed: boolean | null;
}

type CandidateRow = Omit<LabelCandidate, 'queue' | 'stratum' | 'passed'> & {
  readonly cell_stratum: Stratum;
  readonly own_passed: boolean | null;
};

const CANDIDATE = `r.tenant AS tenant, r.trace_id AS traceId, r.version AS version, service, release, criteria`;

/** Nobody was asked about it by lot before, and its text is there. */
const ASKABLE = `l.asked = 0 AND notEmpty(criteria) AND NOT startsWith(reason, '${ERASED}')`;

/**
 * Traces of each cell of stratum and verdict in an order that follows from their ids alone: a random one, and the same for whoever
 * asks, so that the first that are not labelled yet are always a random sample of the cell.
 * @param limit - at most so many of each cell
 */
export async function cellCandidates(
  connection: StoreConnection,
  filter: CellFilter,
  limit: number,
): Promise<readonly LabelCandidate[]> {
  const { sql, params } = conditionOf(filter);
  const rows = await connection.rows<CandidateRow>(
    `SELECT ${CANDIDATE}, if(outcome = 'settled', 'settled', stratum) AS cell_stratum, passed AS own_passed
     FROM assay_results ${WITH_LABELS}
     WHERE ${sql} AND ${TRACE_RESOLVED} AND passed IS NOT NULL AND ${ASKABLE}
     ORDER BY sipHash64('cell', r.tenant, r.trace_id) LIMIT {limit: UInt32} BY cell_stratum, own_passed`,
    { ...params, limit },
  );
  return rows.map(toCandidate('cell'));
}

/** The same among the traces that nothing flagged. */
export async function auditCandidates(
  connection: StoreConnection,
  filter: CellFilter,
  limit: number,
): Promise<readonly LabelCandidate[]> {
  const { sql, params } = conditionOf(filter);
  const rows = await connection.rows<CandidateRow>(
    `SELECT ${CANDIDATE}, stratum AS cell_stratum, NULL AS own_passed FROM assay_results ${WITH_LABELS}
     WHERE ${sql} AND ${UNFLAGGED} AND ${ASKABLE}
     ORDER BY sipHash64('audit', r.tenant, r.trace_id) LIMIT {limit: UInt32}`,
    { ...params, limit },
  );
  return rows.map(toCandidate('audit'));
}

function toCandidate(queue: LabelCandidate['queue']): (row: CandidateRow) => LabelCandidate {
  return ({ cell_stratum: stratum, own_passed: passed, ...row }) => ({ queue, ...row, stratum, passed });
}

/** Traces of the audit that were labelled from this time on. */
export async function auditedSince(connection: StoreConnection, sinceMs: number, filter: CellFilter): Promise<number> {
  const { sql, params } = conditionOf({ ...filter, sinceMs: 0 });
  const [row] = await connection.rows<{ audited: number }>(
    `SELECT count() AS audited FROM assay_results ${WITH_LABELS}
     WHERE ${sql} AND is_audit AND labelled_at >= fromUnixTimestamp64Milli({labelledMs: Int64})`,
    { ...params, labelledMs: sinceMs },
  );
  return row!.audited;
}

/** All labels, in the order in which they were given; what was said anew replaces what was said before. */
export async function labelsSince(connection: StoreConnection, sinceMs: number): Promise<readonly Label[]> {
  return connection.rows<Label>(
    `SELECT label_id AS labelId, tenant, trace_id AS traceId, version, criterion, value, source, queue, annotator, comment,
       toUnixTimestamp64Milli(labelled_at) AS labelledAtMs
     FROM assay_labels_unique WHERE labelled_at >= fromUnixTimestamp64Milli({sinceMs: Int64})
     ORDER BY labelled_at, tenant, trace_id, version, criterion, annotator, source`,
    { sinceMs },
  );
}
