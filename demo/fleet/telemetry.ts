import { OpenAIInstrumentation } from '@arizeai/openinference-instrumentation-openai';
import { context, trace, type Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { core, NodeSDK, resources, tracing } from '@opentelemetry/sdk-node';
import OpenAI from 'openai';
import { AGENT_NAME } from './tools.js';
import type { SeededIds } from './seeded-ids.js';

/** Spans that may wait for export before the agents pause. */
const MOST_WAITING_SPANS = 4_000;
const MAX_QUEUE_SPANS = 50_000;

export interface TelemetryOptions {
  /** Where OTLP is taken, such as `http://127.0.0.1:4318`. */
  readonly otlpUrl: string;
  readonly release: string;
  readonly ids: SeededIds;
}

/** Spans made, and spans that the receiver acknowledged. */
export interface ExportCounts {
  readonly ended: number;
  readonly acknowledged: number;
  readonly lastError: string;
}

export interface Telemetry {
  readonly tracer: Tracer;
  counts(): ExportCounts;
  /** Resolves once few enough spans wait for export. */
  hasRoom(): Promise<void>;
  /** Sends what waits, and closes. */
  stop(): Promise<void>;
}

/** Starts the OpenTelemetry SDK as an agent's owner would, and patches the OpenAI client with OpenInference. */
export function startTelemetry(options: TelemetryOptions): Telemetry {
  const counting = countExports(new OTLPTraceExporter({ url: `${options.otlpUrl}/v1/traces`, timeoutMillis: 60_000 }));
  const batches = new tracing.BatchSpanProcessor(counting.exporter, {
    maxQueueSize: MAX_QUEUE_SPANS,
    maxExportBatchSize: 256,
    scheduledDelayMillis: 300,
    exportTimeoutMillis: 60_000,
  });
  const instrumentation = new OpenAIInstrumentation();
  const sdk = new NodeSDK({
    autoDetectResources: false,
    resource: resources.resourceFromAttributes({
      'service.name': AGENT_NAME,
      'service.version': options.release,
      'deployment.environment.name': 'demo',
    }),
    idGenerator: options.ids.generator,
    spanProcessors: [counting.processor, batches],
    instrumentations: [instrumentation],
    textMapPropagator: null,
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
  instrumentation.manuallyInstrument(OpenAI);
  return {
    tracer: trace.getTracer('support-agent', options.release),
    counts: () => counting.counts(),
    hasRoom: () => counting.hasRoom(),
    async stop() {
      await batches.forceFlush();
      await sdk.shutdown();
      instrumentation.disable();
      trace.disable();
      context.disable();
    },
  };
}

interface CountedExports {
  readonly exporter: tracing.SpanExporter;
  readonly processor: tracing.SpanProcessor;
  counts(): ExportCounts;
  hasRoom(): Promise<void>;
}

function countExports(inner: tracing.SpanExporter): CountedExports {
  const state = { ended: 0, acknowledged: 0, refused: 0, lastError: '' };
  let waiting: (() => void)[] = [];
  const isFull = () => state.ended - state.acknowledged - state.refused > MOST_WAITING_SPANS;
  const settle = (spans: number, result: core.ExportResult) => {
    if (result.code === core.ExportResultCode.SUCCESS) state.acknowledged += spans;
    else {
      state.refused += spans;
      state.lastError = result.error?.message ?? 'unknown';
    }
    if (isFull()) return;
    for (const resume of waiting) resume();
    waiting = [];
  };
  return {
    exporter: {
      export: (spans, done) => {
        inner.export(spans, (result) => {
          settle(spans.length, result);
          done(result);
        });
      },
      shutdown: () => inner.shutdown(),
      forceFlush: async () => inner.forceFlush?.(),
    },
    processor: {
      onStart: () => undefined,
      onEnd: () => {
        state.ended += 1;
      },
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    },
    counts: () => ({ ended: state.ended, acknowledged: state.acknowledged, lastError: state.lastError }),
    hasRoom: () => (isFull() ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve()),
  };
}
