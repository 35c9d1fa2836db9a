import type { Component } from '../../core/component.js';
import type { Logger } from '../../core/logger.js';
import type { Metrics } from '../../core/metrics.js';
import type { TelemetryConfig } from './config.js';
import type { OwnSpans } from './own-spans.js';
import type { ExportReport, Sdk } from './sdk.js';

export { observeFetch, observeLog, observeModel } from './observe.js';
export type { OwnSpans } from './own-spans.js';

export interface TelemetryOptions extends TelemetryConfig {
  readonly role: string;
  /** Of Assay. */
  readonly version: string;
}

export interface TelemetryDeps {
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Assay's own spans of one role. It starts before and stops after the parts that it observes. */
export type Telemetry = Component & OwnSpans;

/** @returns undefined when no receiver is set: then nothing of the SDK is loaded */
export function createTelemetry(options: TelemetryOptions, deps: TelemetryDeps): Telemetry | undefined {
  const { endpoint } = options;
  if (endpoint === undefined) return undefined;
  let sdk: Sdk | undefined;
  return {
    async start() {
      const { startSdk } = await import('./sdk.js');
      sdk ??= startSdk({ ...options, endpoint }, createReport(deps));
    },
    async stop(signal) {
      // What could not be sent is reported as any other export is.
      const ended = sdk?.shutdown().catch(() => undefined);
      sdk = undefined;
      if (ended === undefined) return;
      const enough = new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else
          signal.addEventListener('abort', () => {
            resolve();
          });
      });
      await Promise.race([ended, enough]);
    },
    record: (what, work, explain) => (sdk === undefined ? work(() => undefined) : sdk.record(what, work, explain)),
  };
}

function createReport({ logger, metrics }: TelemetryDeps): ExportReport {
  const sent = metrics.counter('assay_telemetry_sent_spans_total', "Assay's own spans that their receiver took.");
  const dropped = metrics.counter('assay_telemetry_dropped_spans_total', "Assay's own spans that were not taken.");
  let isFailing = false;
  return (spans, reason) => {
    (reason === undefined ? sent : dropped).add(spans);
    if (reason !== undefined && !isFailing)
      logger.warn(
        { reason, spans },
        "Assay's own spans were not taken and are dropped; this is said once until one is",
      );
    isFailing = reason !== undefined;
  };
}
