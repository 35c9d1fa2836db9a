import { SpanKind, SpanStatusCode, type Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { core, resources, tracing } from '@opentelemetry/sdk-node';
import { OWN_ATTRIBUTE } from '../../core/own-spans.js';
import { otlpUrl } from '../../core/otlp/endpoint.js';
import type { TelemetryConfig } from './config.js';
import type { Note, OwnFailure, OwnSpans, OwnWork } from './own-spans.js';
import { withoutOtelEnv } from './without-otel-env.js';

/** Longest that one export takes, its tries again included, and so the longest that a stop waits for it. */
const EXPORT_MS = 3_000;
const EXPORT_EVERY_MS = 5_000;
const MAX_QUEUED = 2_048;
const MAX_BATCH = 512;
const SUCCESS: number = core.ExportResultCode.SUCCESS;

export interface SdkOptions extends TelemetryConfig {
  readonly endpoint: string;
  readonly role: string;
  /** Of Assay. */
  readonly version: string;
}

export interface Sdk extends OwnSpans {
  /** Sends what is queued, and ends. Takes {@link EXPORT_MS} or so at most. */
  shutdown(): Promise<void>;
}

/** Told of each export. `reason` is there when it failed. */
export type ExportReport = (spans: number, reason?: string) => void;

/**
 * Assay's own tracing, apart from the global one: a provider's SDK that finds a global one makes spans of its own there, with
 * whatever content the agent's environment asks for.
 */
export function startSdk(options: SdkOptions, report: ExportReport): Sdk {
  const { role, version } = options;
  const resource = resources.defaultResource().merge(
    resources.resourceFromAttributes({
      'service.name': 'assay',
      'service.version': version,
      'assay.role': role,
      [OWN_ATTRIBUTE]: true,
    }),
  );
  const provider = withoutOtelEnv(
    process.env,
    () =>
      new tracing.BasicTracerProvider({
        resource,
        sampler: new tracing.TraceIdRatioBasedSampler(options.sampleRatio),
        spanProcessors: [
          new tracing.BatchSpanProcessor(createExporter(options, report), {
            maxExportBatchSize: MAX_BATCH,
            maxQueueSize: MAX_QUEUED,
            scheduledDelayMillis: EXPORT_EVERY_MS,
            exportTimeoutMillis: EXPORT_MS,
          }),
        ],
      }),
  );
  const tracer = provider.getTracer('assay', version);
  return {
    record: (what, work, explain) => record({ tracer, what, explain: explain ?? unexplained }, work),
    shutdown: () => provider.shutdown(),
  };
}

function createExporter({ endpoint, headers }: SdkOptions, report: ExportReport): tracing.SpanExporter {
  const exporter = new OTLPTraceExporter({
    url: otlpUrl(endpoint, 'traces'),
    headers: Object.fromEntries(Object.entries(headers).map(([name, secret]) => [name, secret.reveal()])),
    timeoutMillis: EXPORT_MS,
  });
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const { error } = result;
        // As a number, because exporter and SDK may each bring an enum of their own.
        const code: number = result.code;
        const taken = code === SUCCESS;
        report(spans.length, taken ? undefined : (error?.message ?? 'no reason given'));
        if (taken) done({ code: core.ExportResultCode.SUCCESS });
        else done({ code: core.ExportResultCode.FAILED, ...(error === undefined ? {} : { error }) });
      });
    },
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
}

interface Recording {
  readonly tracer: Tracer;
  readonly what: OwnWork;
  readonly explain: (error: unknown) => OwnFailure;
}

const KINDS = { internal: SpanKind.INTERNAL, client: SpanKind.CLIENT } as const;

async function record<Result>(
  { tracer, what, explain }: Recording,
  work: (note: Note) => Promise<Result>,
): Promise<Result> {
  const span = tracer.startSpan(what.name, { kind: KINDS[what.kind], attributes: what.attributes, root: true });
  try {
    return await work((attributes) => void span.setAttributes(attributes));
  } catch (error) {
    const { type, message, attributes = {} } = explain(error);
    span.setAttributes({ ...attributes, 'error.type': type });
    span.setStatus({ code: SpanStatusCode.ERROR, ...(message === undefined ? {} : { message }) });
    throw error;
  } finally {
    span.end();
  }
}

function unexplained(error: unknown): OwnFailure {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  if (typeof code === 'string') return { type: code };
  return { type: error instanceof Error ? error.name : 'unexpected' };
}
