import { join } from 'node:path';
import { openStoreConnection, type StoreConnection } from '../../store/index.js';

/** What the oracle reads from the store of an Assay that has ended. */
export interface StoreContent {
  /** Rows of otel_traces by `<trace id>/<span id>`. */
  readonly rawSpans: ReadonlyMap<string, number>;
  /** Rows of assay_spans by the same. */
  readonly spans: ReadonlyMap<string, number>;
  readonly ledger: readonly { readonly traceId: string; readonly outcome: string }[];
  readonly verdicts: readonly VerdictKey[];
  /** Rows of assay_verdicts as they lie, before they are merged, by `eval_id`. */
  readonly rawVerdicts: readonly { readonly evalId: string; readonly rows: number; readonly answers: number }[];
  readonly spend: readonly { readonly evalId: string; readonly status: string; readonly microUsd: number }[];
}

export interface VerdictKey {
  readonly evalId: string;
  readonly traceId: string;
  readonly version: number;
  readonly criterion: string;
  readonly outcome: string;
}

/** Keys of spans that carry Assay's own would be there too; a soak sends none. */
const SPANS = `SELECT concat(TraceId, '/', SpanId) AS key, count() AS rows FROM`;

/** @param data - the data directory; nobody may have it open */
export async function readStore(data: string): Promise<StoreContent> {
  const connection = await openStoreConnection({
    dataDirectory: join(data, 'store'),
    maxThreads: 2,
    maxMemoryBytes: 2 ** 31,
  });
  try {
    return await readContent(connection);
  } finally {
    await connection.close();
  }
}

/** The same from a connection that somebody has open. */
export async function readContent(connection: Pick<StoreConnection, 'rows'>): Promise<StoreContent> {
  const counted = async (table: string): Promise<ReadonlyMap<string, number>> => {
    const rows = await connection.rows<{ key: string; rows: number }>(`${SPANS} ${table} GROUP BY key`);
    return new Map(rows.map(({ key, rows: count }) => [key, count]));
  };
  return {
    rawSpans: await counted('otel_traces'),
    spans: await counted('assay_spans'),
    ledger: await connection.rows('SELECT trace_id AS traceId, outcome FROM assay_ledger'),
    verdicts: await connection.rows(
      'SELECT eval_id AS evalId, trace_id AS traceId, version, criterion, outcome FROM assay_verdicts_unique',
    ),
    rawVerdicts: await connection.rows(
      'SELECT eval_id AS evalId, count() AS rows, uniqExact(outcome, explanation) AS answers FROM assay_verdicts GROUP BY evalId',
    ),
    spend: await connection.rows(
      'SELECT eval_id AS evalId, status, settled_micro_usd AS microUsd FROM assay_spend_unique',
    ),
  };
}
