import { attributeText } from '../../core/attribute-text.js';
import type { Attributes } from '../../core/attributes.js';
import { decodeSpans } from '../../core/otlp/decode-spans.js';
import type { Span } from '../../core/span.js';

const KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
const STATUSES = ['Unset', 'Ok', 'Error'];

/** The spans of a record as JSON lines of `otel_traces`, by way of objects: what Native is measured against. */
export function toJsonLines(bytes: Uint8Array): string[] {
  const resources = new Map<Attributes, Record<string, string>>();
  return decodeSpans(bytes).map((span) => {
    let resource = resources.get(span.resource);
    if (resource === undefined) resources.set(span.resource, (resource = texts(span.resource)));
    return JSON.stringify(toRow(span, resource));
  });
}

function toRow(span: Span, resource: Readonly<Record<string, string>>): object {
  return {
    Timestamp: seconds(span.startNs),
    TraceId: span.traceId,
    SpanId: span.spanId,
    ParentSpanId: span.parentSpanId,
    TraceState: span.traceState,
    SpanName: span.name,
    SpanKind: KINDS[span.kind],
    ServiceName: resource['service.name'] ?? '',
    ResourceAttributes: resource,
    ScopeName: span.scopeName,
    ScopeVersion: span.scopeVersion,
    SpanAttributes: texts(span.attributes),
    Duration: String(span.endNs - span.startNs),
    StatusCode: STATUSES[span.statusCode],
    StatusMessage: span.statusMessage,
    'Events.Timestamp': span.events.map(({ timeNs }) => seconds(timeNs)),
    'Events.Name': span.events.map(({ name }) => name),
    'Events.Attributes': span.events.map((event) => texts(event.attributes)),
    'Links.TraceId': span.links.map(({ traceId }) => traceId),
    'Links.SpanId': span.links.map(({ spanId }) => spanId),
    'Links.TraceState': span.links.map(({ traceState }) => traceState),
    'Links.Attributes': span.links.map((link) => texts(link.attributes)),
  };
}

function texts(attributes: Attributes): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [key, value] of attributes) result[key] = attributeText(value);
  return result;
}

function seconds(timeNs: bigint): string {
  return `${timeNs / 1_000_000_000n}.${String(timeNs % 1_000_000_000n).padStart(9, '0')}`;
}
