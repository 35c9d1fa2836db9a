import type { Span } from '../core/span.js';
import { ORIGINAL_TIMESTAMP, takeNumber, type Texts, toAttributes } from './row-parts.js';
import { ORIGINAL_END, toSpanKind, toStatusCode } from './span-names.js';

/** Columns that `toSpan` reads, with times as text in ns. */
export const SPAN_COLUMNS = `
  toString(toUnixTimestamp64Nano(Timestamp)) AS start, TraceId, SpanId, ParentSpanId, TraceState, SpanName, SpanKind,
  ResourceAttributes, ScopeName, ScopeVersion, SpanAttributes, toString(Duration) AS duration, StatusCode, StatusMessage,
  arrayMap(t -> toString(toUnixTimestamp64Nano(t)), Events.Timestamp) AS eventTimes,
  Events.Name AS eventNames, Events.Attributes AS eventAttributes,
  Links.TraceId AS linkTraceIds, Links.SpanId AS linkSpanIds, Links.TraceState AS linkTraceStates,
  Links.Attributes AS linkAttributes`;

/** A row of `SELECT SPAN_COLUMNS FROM otel_traces`. */
export interface StoredSpan {
  readonly start: string;
  readonly TraceId: string;
  readonly SpanId: string;
  readonly ParentSpanId: string;
  readonly TraceState: string;
  readonly SpanName: string;
  readonly SpanKind: string;
  readonly ResourceAttributes: Texts;
  readonly ScopeName: string;
  readonly ScopeVersion: string;
  readonly SpanAttributes: Texts;
  readonly duration: string;
  readonly StatusCode: string;
  readonly StatusMessage: string;
  readonly eventTimes: readonly string[];
  readonly eventNames: readonly string[];
  readonly eventAttributes: readonly Texts[];
  readonly linkTraceIds: readonly string[];
  readonly linkSpanIds: readonly string[];
  readonly linkTraceStates: readonly string[];
  readonly linkAttributes: readonly Texts[];
}

/** The span as it was sent, but for its attribute values, which are text. */
export function toSpan(row: StoredSpan): Span {
  const attributes = toAttributes(row.SpanAttributes);
  const startNs = BigInt(takeNumber(attributes, ORIGINAL_TIMESTAMP) ?? row.start);
  const originalEnd = takeNumber(attributes, ORIGINAL_END);
  return {
    traceId: row.TraceId,
    spanId: row.SpanId,
    parentSpanId: row.ParentSpanId,
    traceState: row.TraceState,
    name: row.SpanName,
    kind: toSpanKind(row.SpanKind),
    startNs,
    endNs: originalEnd === undefined ? startNs + BigInt(row.duration) : BigInt(originalEnd),
    statusCode: toStatusCode(row.StatusCode),
    statusMessage: row.StatusMessage,
    attributes,
    events: row.eventNames.map((name, index) => ({
      name,
      timeNs: BigInt(row.eventTimes[index] ?? '0'),
      attributes: toAttributes(row.eventAttributes[index] ?? {}),
    })),
    links: row.linkTraceIds.map((traceId, index) => ({
      traceId,
      spanId: row.linkSpanIds[index] ?? '',
      traceState: row.linkTraceStates[index] ?? '',
      attributes: toAttributes(row.linkAttributes[index] ?? {}),
    })),
    resource: toAttributes(row.ResourceAttributes),
    scopeName: row.ScopeName,
    scopeVersion: row.ScopeVersion,
  };
}
