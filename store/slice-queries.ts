import type { Cell, SliceDay } from '../core/cell.js';
import type { StoreConnection } from './connection.js';

type SliceRow = Cell & Omit<SliceDay, 'cells'>;
type Growing = Omit<SliceDay, 'cells' | 'firstSeenMs'> & { firstSeenMs: number; readonly cells: Cell[] };

const SLICE_KEYS = 'tenant, service, release, environment, criterion, day';
const CELL_KEYS = 'stratum, pi, upstreamWeight';

/** A criterion that a check settled is known without sampling, whatever the stratum of its trace. */
const COUNTED = `
  SELECT tenant, service, release, environment, applied AS criterion, toString(toDate(first_seen_at)) AS day, first_seen_at,
    outcome = 'settled' OR has(\`settled.criterion\`, applied) AS is_settled,
    is_settled OR (outcome = 'selected' AND has(answered, applied)) AS is_resolved,
    is_resolved AND has(passed_criteria, applied) AS is_passed, is_resolved AND has(failed_criteria, applied) AS is_failed,
    if(is_settled, 'settled', stratum) AS counted_stratum, if(is_settled OR outcome = 'abstained', 1, pi) AS counted_pi,
    outcome AS counted_outcome, upstream_weight AS upstreamWeight
  FROM assay_results ARRAY JOIN criteria AS applied
  WHERE outcome != 'excluded' AND toDate(first_seen_at) >= {since: Date}
    AND (is_resolved OR outcome IN ('abstained', 'sampled_out'))`;

/**
 * What became of traces so far, by criterion of each release and by the day on which they first came. One that waits for its
 * judge is not counted, so that a later look finds it among what has come since.
 * @param sinceDay - the first of these days, such as `2026-11-22`
 */
export async function sliceDays(connection: StoreConnection, sinceDay: string): Promise<readonly SliceDay[]> {
  const rows = await connection.rows<SliceRow>(
    `SELECT ${SLICE_KEYS}, counted_stratum AS stratum, counted_pi AS pi, upstreamWeight, count() AS traces,
       toUnixTimestamp64Milli(min(first_seen_at)) AS firstSeenMs,
       countIf(is_passed) AS passed, countIf(is_failed) AS failed,
       countIf((counted_outcome = 'abstained' OR is_resolved) AND NOT is_passed AND NOT is_failed) AS unanswered
     FROM (${COUNTED})
     GROUP BY ${SLICE_KEYS}, ${CELL_KEYS} ORDER BY ${SLICE_KEYS}, ${CELL_KEYS}`,
    { since: sinceDay },
  );
  const slices = new Map<string, Growing>();
  for (const { tenant, service, release, environment, criterion, day, firstSeenMs, ...cell } of rows) {
    const key = JSON.stringify([tenant, service, release, environment, criterion, day]);
    const place = { tenant, service, release, environment, criterion, day };
    const slice = slices.get(key) ?? { ...place, firstSeenMs, cells: [] };
    slice.firstSeenMs = Math.min(slice.firstSeenMs, firstSeenMs);
    slice.cells.push(cell);
    slices.set(key, slice);
  }
  return [...slices.values()];
}
