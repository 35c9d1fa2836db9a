import type { Counter, Gauge, Histogram, Metrics } from '../core/metrics.js';

/** What is counted of every bus. */
export interface AppendInstruments {
  readonly appendedRecords: Counter<'topic'>;
  readonly appendedBytes: Counter<'topic'>;
  readonly refusedRecords: Counter<'reason'>;
  readonly appendSeconds: Histogram;
}

/** What the embedded bus counts. */
export interface BusInstruments extends AppendInstruments {
  readonly corruptRecords: Counter<'topic'>;
  readonly removedRecords: Counter<'topic'>;
  readonly erasedRecords: Counter<'topic'>;
  readonly sizeBytes: Gauge;
  readonly diskFreeBytes: Gauge;
}

const BY_TOPIC = ['topic'] as const satisfies readonly 'topic'[];

/** Makes the instruments of one instance of the embedded bus. */
export function busInstruments(metrics: Metrics): BusInstruments {
  return {
    ...appendInstruments(metrics),
    corruptRecords: corruptRecords(metrics),
    removedRecords: metrics.counter('assay_bus_removed_records_total', 'Records removed by retention.', BY_TOPIC),
    erasedRecords: metrics.counter('assay_bus_erased_records_total', 'Records erased on request.', BY_TOPIC),
    sizeBytes: metrics.gauge('assay_bus_size_bytes', 'Disk that the records of all topics take.'),
    diskFreeBytes: metrics.gauge('assay_bus_disk_free_bytes', 'Free space of the file system that the bus lies on.'),
  };
}

/** Counts what lies on a bus and cannot be read, whoever spoilt it. */
export function corruptRecords(metrics: Metrics, of: 'bus' | 'bus_source' = 'bus'): Counter<'topic'> {
  return metrics.counter(
    `assay_${of}_corrupt_records_total`,
    'Records skipped because their bytes are not those that were written, or because Kafka’s client cannot read their batch.',
    BY_TOPIC,
  );
}

/** Makes those that every bus has. */
export function appendInstruments(metrics: Metrics): AppendInstruments {
  return {
    appendedRecords: metrics.counter('assay_bus_appended_records_total', 'Records made durable.', BY_TOPIC),
    appendedBytes: metrics.counter('assay_bus_appended_bytes_total', 'Bytes of records made durable.', BY_TOPIC),
    refusedRecords: metrics.counter(
      'assay_bus_refused_records_total',
      'Records that were not made durable: the bus was at its capacity, the disk nearly full, or a write failed. A request that is refused unread counts as one.',
      ['reason'],
    ),
    appendSeconds: metrics.histogram('assay_bus_append_duration_seconds', 'From append to durable.', {
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    }),
  };
}
