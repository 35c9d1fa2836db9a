import { join } from 'node:path';
import { openStoreConnection } from '../../../store/index.js';
import type { PacedLoad } from './paced-load.js';
import { SPANS_PER_BATCH } from './stamped-requests.js';

/** What the store has of what was sent. */
export interface Stored {
  readonly acknowledgedSpans: number;
  /** Acknowledged, and not in otel_traces. */
  readonly lostSpans: number;
  readonly rows: number;
  /** Rows beyond what senders can have caused by sending again what had no answer. */
  readonly rowsTooMany: number;
  readonly tracesDecided: number;
}

interface RequestRow {
  readonly number: string;
  readonly spans: number;
  readonly rows: number;
}

/** @param data - of an Assay that has ended */
export async function countStored(
  data: string,
  { prefix, load }: { readonly prefix: string; readonly load: Pick<PacedLoad, 'acknowledged'> },
): Promise<Stored> {
  const connection = await openStoreConnection({
    dataDirectory: join(data, 'store'),
    maxThreads: 2,
    maxMemoryBytes: 4 * 2 ** 30,
  });
  try {
    const rows = await connection.rows<RequestRow>(
      `SELECT substring(TraceId, 9, 8) AS number, uniqExact(TraceId, SpanId) AS spans, count() AS rows
      FROM otel_traces WHERE startsWith(TraceId, {prefix: String}) GROUP BY number`,
      { prefix },
    );
    const [decided] = await connection.rows<{ count: number }>(
      'SELECT uniqExact(trace_id) AS count FROM assay_decisions',
    );
    return { ...compare(rows, load.acknowledged), tracesDecided: decided?.count ?? 0 };
  } finally {
    await connection.close();
  }
}

function compare(rows: readonly RequestRow[], acknowledged: PacedLoad['acknowledged']): Omit<Stored, 'tracesDecided'> {
  const byNumber = new Map(rows.map((row) => [Number.parseInt(row.number, 16), row]));
  let [lostSpans, rowsTooMany] = [0, 0];
  for (const [number, { unknown }] of acknowledged) {
    const row = byNumber.get(number);
    lostSpans += SPANS_PER_BATCH - (row?.spans ?? 0);
    rowsTooMany += Math.max(0, (row?.rows ?? 0) - SPANS_PER_BATCH * (1 + unknown));
  }
  return {
    acknowledgedSpans: acknowledged.size * SPANS_PER_BATCH,
    lostSpans,
    rows: rows.reduce((sum, row) => sum + row.rows, 0),
    rowsTooMany,
  };
}
