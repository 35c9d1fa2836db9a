import type { Counter, Gauge, Histogram, Metrics } from '../core/metrics.js';

/** What the bus counts. */
export interface BusInstruments {
  readonly appendedRecords: Counter<'topic'>;
  readonly appendedBytes: Counter<'topic'>;
  readonly corruptRecords: Counter<'topic'>;
  readonly removedRecords: Counter<'topic'>;
  readonly erasedRecords: Counter<'topic'>;
  readonly refusedRecords: Counter<'reason'>;
  readonly appendSeconds: Histogram;
  readonly sizeBytes: Gauge;
  readonly diskFreeBytes: Gauge;
}

/** Makes the instruments of one instance of the bus. */
export function busInstruments(metrics: Metrics): BusInstruments {
  const labels = ['topic'] as const satisfies readonly 'topic'[];
  return {
    appendedRecords: metrics.counter('assay_bus_appended_records_total', 'Records made durable.', labels),
    appendedBytes: metrics.counter('assay_bus_appended_bytes_total', 'Bytes of records made durable.', labels),
    corruptRecords: metrics.counter(
      'assay_bus_corrupt_records_total',
      'Records skipped because their bytes on disk are not those that were written.',
      labels,
    ),
    removedRecords: metrics.counter('assay_bus_removed_records_total', 'Records removed by retention.', labels),
    erasedRecords: metrics.counter('assay_bus_erased_records_total', 'Records erased on request.', labels),
    refusedRecords: metrics.counter(
      'assay_bus_refused_records_total',
      'Records that were not made durable: the bus was at its capacity, the disk nearly full, or a write failed.',
      ['reason'],
    ),
    appendSeconds: metrics.histogram('assay_bus_append_duration_seconds', 'From append to durable.', {
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    }),
    sizeBytes: metrics.gauge('assay_bus_size_bytes', 'Disk that the records of all topics take.'),
    diskFreeBytes: metrics.gauge('assay_bus_disk_free_bytes', 'Free space of the file system that the bus lies on.'),
  };
}
