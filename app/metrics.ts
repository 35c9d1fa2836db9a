import { Counter, Gauge, Histogram, Registry } from 'prom-client';
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
      const gauge = new Gauge({ name, help, labelNames: [...labelNames], registers });
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
