import type { Counter, Gauge, Metrics } from '../../core/metrics.js';

/** What is counted of the spool, beside what `embeddedMetrics` counts of the log that it is made of. */
export interface SpoolInstruments {
  readonly records: Gauge;
  readonly sizeBytes: Gauge;
  readonly drainedRecords: Counter<'topic'>;
  readonly undeliverableRecords: Counter<'topic'>;
}

export function spoolInstruments(metrics: Metrics): SpoolInstruments {
  return {
    records: metrics.gauge('assay_bus_spool_records', 'Records that wait in the spool for Kafka.'),
    sizeBytes: metrics.gauge('assay_bus_spool_size_bytes', 'Disk that the records of the spool take.'),
    drainedRecords: metrics.counter(
      'assay_bus_spool_drained_records_total',
      'Records of the spool that Kafka has acknowledged.',
      ['topic'],
    ),
    undeliverableRecords: metrics.counter(
      'assay_bus_spool_undeliverable_records_total',
      'Records of the spool that Kafka refused for good, and that became dead letters.',
      ['topic'],
    ),
  };
}

/**
 * What an embedded log counts, under names of the spool: `assay_bus_appended_records_total` becomes
 * `assay_bus_spool_appended_records_total`. Its gauges are left out, since the spool has its own.
 */
export function embeddedMetrics(metrics: Metrics): Metrics {
  const rename = (name: string): string => name.replace(/^assay_bus_/, 'assay_bus_spool_');
  const describe = (help: string): string => `Of the spool: ${help}`;
  return {
    gauge: () => ({ set: () => undefined }),
    counter: (name, help, labels) => metrics.counter(rename(name), describe(help), labels),
    histogram: (name, help, options) => metrics.histogram(rename(name), describe(help), options),
  };
}
