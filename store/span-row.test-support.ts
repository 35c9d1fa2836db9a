import type { Span } from '../core/span.js';
import { attributeTexts } from './attribute-text.js';
import {
  clampToBus,
  createResourceParts,
  dateTime64,
  ORIGINAL_TIMESTAMP,
  type RecordOrigin,
  type ResourcePart,
} from './row-parts.js';
import { KIND_NAMES, ORIGINAL_END, OWN_SPAN_ATTRIBUTES, STATUS_NAMES } from './span-names.js';

/** A row of `otel_traces`, in JSON names. */
export interface SpanRow {
  readonly Timestamp: string;
  readonly TraceId: string;
  readonly SpanId: string;
  readonly ParentSpanId: string;
  readonly TraceState: string;
  readonly SpanName: string;
  readonly SpanKind: string;
  readonly ServiceName: string;
  readonly ResourceAttributes: Readonly<Record<string, string>>;
  readonly ScopeName: string;
  readonly ScopeVersion: string;
  readonly SpanAttributes: Readonly<Record<string, string>>;
  readonly Duration: string;
  readonly StatusCode: string;
  readonly StatusMessage: string;
  readonly 'Events.Timestamp': readonly string[];
  readonly 'Events.Name': readonly string[];
  readonly 'Events.Attributes': readonly Readonly<Record<string, string>>[];
  readonly 'Links.TraceId': readonly string[];
  readonly 'Links.SpanId': readonly string[];
  readonly 'Links.TraceState': readonly string[];
  readonly 'Links.Attributes': readonly Readonly<Record<string, string>>[];
}

/**
 * Rows of `otel_traces` of one record's spans, as the OpenTelemetry exporter writes them, but for a time that is clamped to
 * bus time ± 7 days. The same spans and origin always give the same rows. What the encoder of `native/` is compared with.
 */
export function* toSpanRows(spans: readonly Span[], origin: RecordOrigin): Generator<SpanRow, void, undefined> {
  const resourceOf = createResourceParts(origin);
  for (const span of spans) yield toSpanRow(span, resourceOf(span.resource), origin.acceptedAtMs);
}

function toSpanRow(span: Span, resource: ResourcePart, acceptedAtMs: number): SpanRow {
  const startNs = clampToBus(span.startNs, acceptedAtMs);
  const ended = span.endNs >= span.startNs;
  const attributes = attributeTexts(span.attributes, OWN_SPAN_ATTRIBUTES);
  if (startNs !== span.startNs) attributes[ORIGINAL_TIMESTAMP] = String(span.startNs);
  if (!ended) attributes[ORIGINAL_END] = String(span.endNs);
  return {
    Timestamp: dateTime64(startNs),
    TraceId: span.traceId,
    SpanId: span.spanId,
    ParentSpanId: span.parentSpanId,
    TraceState: span.traceState,
    SpanName: span.name,
    SpanKind: KIND_NAMES[span.kind] ?? 'Unspecified',
    ServiceName: resource.service,
    ResourceAttributes: resource.texts,
    ScopeName: span.scopeName,
    ScopeVersion: span.scopeVersion,
    SpanAttributes: attributes,
    Duration: ended ? String(span.endNs - span.startNs) : '0',
    StatusCode: STATUS_NAMES[span.statusCode] ?? 'Unset',
    StatusMessage: span.statusMessage,
    'Events.Timestamp': span.events.map((event) => dateTime64(event.timeNs)),
    'Events.Name': span.events.map((event) => event.name),
    'Events.Attributes': span.events.map((event) => attributeTexts(event.attributes)),
    'Links.TraceId': span.links.map((link) => link.traceId),
    'Links.SpanId': span.links.map((link) => link.spanId),
    'Links.TraceState': span.links.map((link) => link.traceState),
    'Links.Attributes': span.links.map((link) => attributeTexts(link.attributes)),
  };
}
