import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { ASSAY_URL, SERVICE } from './scenario.mjs';

export function traceExporter() {
  return new OTLPTraceExporter({ url: `${ASSAY_URL}/v1/traces` });
}

/** An application's own OpenTelemetry set-up, traces and logs. Its `shutdown` sends what is left. */
export function startSdk({ instrumentations = [], spanProcessors } = {}) {
  const sdk = new NodeSDK({
    resource: resourceFromAttributes({ 'service.name': SERVICE, 'service.version': '1.0.0' }),
    spanProcessors: spanProcessors ?? [new BatchSpanProcessor(traceExporter())],
    logRecordProcessors: [
      new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${ASSAY_URL}/v1/logs` }) }),
    ],
    metricReaders: [],
    instrumentations,
    autoDetectResources: false,
  });
  sdk.start();
  return sdk;
}
