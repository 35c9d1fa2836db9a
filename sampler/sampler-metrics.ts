import type { DecisionOutcome, Stratum } from '../core/decision.js';
import type { Counter, Gauge, Metrics } from '../core/metrics.js';

/** What the sampler counts. */
export interface SamplerMetrics {
  readonly open: Gauge;
  readonly decided: Counter<'outcome' | 'stratum'>;
  readonly evicted: Counter;
  readonly lateVersions: Counter;
  readonly lateSpansIgnored: Counter;
  readonly redelivered: Counter;
  readonly rejected: Counter;
  readonly unreadable: Counter;
  readonly orphanLogEvents: Counter;
}

/** Label values of `assay_sampler_decided_traces_total`. */
export interface DecidedLabels {
  readonly outcome: DecisionOutcome;
  readonly stratum: Stratum;
}

export function createSamplerMetrics(metrics: Metrics): SamplerMetrics {
  return {
    open: metrics.gauge('assay_sampler_open_traces', 'Traces that are not decided yet.'),
    decided: metrics.counter<'outcome' | 'stratum'>(
      'assay_sampler_decided_traces_total',
      'Decisions, each version of a trace counted.',
      ['outcome', 'stratum'],
    ),
    evicted: metrics.counter('assay_sampler_evicted_traces_total', 'Traces that left memory before they were whole.'),
    lateVersions: metrics.counter(
      'assay_sampler_late_versions_total',
      'Decisions made again because of late spans or log events.',
    ),
    lateSpansIgnored: metrics.counter(
      'assay_sampler_late_spans_ignored_total',
      'Late spans and log events that made no further version: too many versions, too many of them, evicted, or the store stayed behind.',
    ),
    redelivered: metrics.counter(
      'assay_sampler_redelivered_spans_total',
      'Spans and log events that had come before, dropped.',
    ),
    rejected: metrics.counter(
      'assay_sampler_rejected_records_total',
      'Records of spans or log events that could not be read.',
    ),
    unreadable: metrics.counter(
      'assay_sampler_unreadable_traces_total',
      'Traces decided as abstained because reading them failed.',
    ),
    orphanLogEvents: metrics.counter(
      'assay_sampler_orphan_log_events_total',
      'Log events whose trace sent no span before the deadline; spans that come later find them in the store.',
    ),
  };
}
