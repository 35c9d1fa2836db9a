import { createRequire } from 'node:module';

/** What the generated decoder and OTLP/JSON have in common. */
interface OtlpValue {
  readonly stringValue?: string | null;
  readonly intValue?: number | string | null;
  readonly doubleValue?: number | null;
  readonly boolValue?: boolean | null;
  readonly arrayValue?: { readonly values?: readonly OtlpValue[] } | null;
  readonly kvlistValue?: unknown;
}
interface OtlpAttribute {
  readonly key: string;
  readonly value?: OtlpValue | null;
}
interface OtlpSpan {
  readonly traceId: Uint8Array | string;
  readonly spanId: Uint8Array | string;
  readonly parentSpanId?: Uint8Array | string | null;
  readonly traceState?: string;
  readonly name: string;
  readonly kind?: number;
  readonly startTimeUnixNano: unknown;
  readonly endTimeUnixNano: unknown;
  readonly attributes?: readonly OtlpAttribute[];
  readonly status?: { readonly code?: number; readonly message?: string } | null;
}
export interface OtlpRequest {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly OtlpAttribute[] } | null;
    readonly scopeSpans?: readonly {
      readonly scope?: { readonly name?: string; readonly version?: string } | null;
      readonly spans?: readonly OtlpSpan[];
    }[];
  }[];
}

const { opentelemetry } = createRequire(import.meta.url)('otlp-transformer-0203/build/src/generated/root.js') as {
  opentelemetry: {
    proto: { collector: { trace: { v1: { ExportTraceServiceRequest: { decode(bytes: Uint8Array): OtlpRequest } } } } };
  };
};

/** Decodes a request to objects with the OpenTelemetry project's own generated code. */
export function decodeRequest(bytes: Uint8Array): OtlpRequest {
  return opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest.decode(bytes);
}

const KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
const STATUSES = ['Unset', 'Ok', 'Error'];

/** Rows of `otel_traces` as plain objects; what the bench sends has no events and no links. */
export function toRows(request: OtlpRequest): object[] {
  const rows: object[] = [];
  for (const { resource, scopeSpans } of request.resourceSpans ?? []) {
    const resourceTexts = texts(resource?.attributes);
    for (const { scope, spans } of scopeSpans ?? []) {
      for (const span of spans ?? []) {
        const startNs = BigInt(String(span.startTimeUnixNano));
        rows.push({
          Timestamp: `${startNs / 1_000_000_000n}.${String(startNs % 1_000_000_000n).padStart(9, '0')}`,
          TraceId: hex(span.traceId),
          SpanId: hex(span.spanId),
          ParentSpanId: hex(span.parentSpanId),
          TraceState: span.traceState ?? '',
          SpanName: span.name,
          SpanKind: KINDS[span.kind ?? 0],
          ServiceName: resourceTexts['service.name'] ?? '',
          ResourceAttributes: resourceTexts,
          ScopeName: scope?.name ?? '',
          ScopeVersion: scope?.version ?? '',
          SpanAttributes: texts(span.attributes),
          Duration: String(BigInt(String(span.endTimeUnixNano)) - startNs),
          StatusCode: STATUSES[span.status?.code ?? 0],
          StatusMessage: span.status?.message ?? '',
        });
      }
    }
  }
  return rows;
}

function texts(attributes: readonly OtlpAttribute[] = []): Record<string, string> {
  const result: Record<string, string> = {};
  for (const { key, value } of attributes) result[key] = text(value);
  return result;
}

function text(value: OtlpValue | null | undefined): string {
  if (typeof value?.stringValue === 'string') return value.stringValue;
  if (value?.intValue !== undefined && value.intValue !== null) return String(value.intValue);
  if (typeof value?.doubleValue === 'number') return String(value.doubleValue);
  if (typeof value?.boolValue === 'boolean') return String(value.boolValue);
  return value === null || value === undefined ? '' : JSON.stringify(value);
}

function hex(id: Uint8Array | string | null | undefined): string {
  if (id === undefined || id === null) return '';
  return typeof id === 'string' ? id : Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('hex');
}
