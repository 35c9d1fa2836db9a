import { AggregatorRegistry, Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Metrics } from '../core/metrics.js';

/** Instruments of one role, kept in a registry of its own. */
export function createMetrics(registry: Registry): Metrics {
  const registers = [registry];
  return {
    counter(name, help, labelNames = []) {
      const counter = new Counter({ name, help, labelNames: [...labelNames], registers });
      return {
        add: (amount, labels) => {
          counter.inc(labels ?? {}, amount);
        },
      };
    },
    gauge(name, help, labelNames = []) {
      // Several roles see the same bus or store: their sum would be a multiple of what there is.
      const gauge = new Gauge({ name, help, labelNames: [...labelNames], registers, aggregator: 'max' });
      return {
        set: (value, labels) => {
          gauge.set(labels ?? {}, value);
        },
      };
    },
    histogram(name, help, { buckets, labels: labelNames = [] }) {
      const histogram = new Histogram({ name, help, labelNames: [...labelNames], buckets: [...buckets], registers });
      return {
        observe: (value, labels) => {
          histogram.observe(labels ?? {}, value);
        },
      };
    },
  };
}

/**
 * The metrics of all roles as one page. Those that have no value yet are left out.
 * @param roles - what each role's registry gives as JSON
 */
export async function metricsPage(
  roles: readonly object[],
): Promise<{ readonly contentType: string; readonly body: string }> {
  const all = AggregatorRegistry.aggregate([...roles]);
  for (const metric of await all.getMetricsAsJSON()) {
    if (metric.values.length === 0) all.removeSingleMetric(metric.name);
  }
  return { contentType: all.contentType, body: await all.metrics() };
}
