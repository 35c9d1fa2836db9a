import type { CellFilter, SessionEffect } from '../core/cell.js';
import { conditionOf, readingsOf } from './cell-queries.js';
import type { StoreConnection } from './connection.js';

/**
 * Per slice, how much more the judged traces vary than as many that know nothing of each other: the cluster-robust variance of the
 * weighted rate within strata, clusters being sessions, over the one that takes each trace for itself. A trace without a
 * session is a session of its own.
 */
export async function sessionEffects(
  connection: StoreConnection,
  filter: CellFilter = {},
): Promise<readonly SessionEffect[]> {
  const { sql, params } = conditionOf(filter);
  const parts = readingsOf(filter).map(
    ({ from, keys, stratum, pi, resolved, passed, failed }) =>
      `SELECT ${keys}, ${stratum} AS cell_stratum, ${pi} AS cell_pi, upstream_weight / cell_pi AS w, toFloat64(${failed}) AS y,
         (tenant, if(session_id = '', trace_id, session_id)) AS session
       FROM ${from('')} WHERE ${sql} AND ${resolved} AND (${passed} OR ${failed}) AND cell_stratum != 'settled'`,
  );
  return connection.rows<SessionEffect>(
    `SELECT service, slice AS release, criterion, count() AS sessions, max(traces) AS largest,
       if(sum(own) > 0, sum(residual * residual) / sum(own), 1) AS effect
     FROM (
       SELECT service, slice, criterion, session, count() AS traces, sum(w * (y - mean)) AS residual, sum(pow(w * (y - mean), 2)) AS own
       FROM (
         SELECT *, sum(w * y) OVER part / sum(w) OVER part AS mean FROM (${parts.join(' UNION ALL ')})
         WINDOW part AS (PARTITION BY service, slice, criterion, cell_stratum)
       ) GROUP BY service, slice, criterion, session
     ) GROUP BY service, release, criterion ORDER BY service, release, criterion`,
    params,
  );
}
