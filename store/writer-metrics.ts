import type { Counter, Gauge, Metrics } from '../core/metrics.js';

/** What the writer counts. */
export interface WriterMetrics {
  readonly rows: Counter<'topic'>;
  readonly blocks: Counter<'topic'>;
  readonly skipped: Counter<'topic'>;
  /** Records of traces that had been erased before. */
  readonly erasedRecords: Counter<'topic'>;
  readonly droppedRows: Counter<'table'>;
  readonly failures: Counter;
  /** 1 while the store takes what it is given. */
  readonly ready: Gauge;
  /** Records on the bus that are not in the store, as each cycle finds them. */
  readonly lag: Gauge<'topic'>;
}

/** Makes the instruments of one writer. */
export function createWriterMetrics(metrics: Metrics): WriterMetrics {
  return {
    rows: metrics.counter('assay_store_written_rows_total', 'Rows written to the store.', ['topic']),
    blocks: metrics.counter('assay_store_written_blocks_total', 'Inserts into the store.', ['topic']),
    skipped: metrics.counter(
      'assay_store_skipped_records_total',
      'Records that could not be read or that the store refused, and that are not in it.',
      ['topic'],
    ),
    erasedRecords: metrics.counter(
      'assay_store_erased_records_total',
      'Records that came of erased traces and were written without their text, or not at all.',
      ['topic'],
    ),
    droppedRows: metrics.counter('assay_store_dropped_rows_total', 'Rows dropped by retention.', ['table']),
    failures: metrics.counter('assay_store_write_failures_total', 'Write cycles that failed and were tried again.'),
    ready: metrics.gauge('assay_store_writer_ready', '1 while the store takes what it is given, else 0.'),
    lag: metrics.gauge('assay_store_lag_records', 'Records on the bus that are not in the store yet.', ['topic']),
  };
}
