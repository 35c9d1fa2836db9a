import type { LogEvent } from '../core/log-event.js';
import { ORIGINAL_TIMESTAMP, takeNumber, type Texts, toAttributes } from './row-parts.js';

/** Columns that `toLogEvent` reads, with the time as text in ns. */
export const LOG_COLUMNS = `
  toString(toUnixTimestamp64Nano(Timestamp)) AS time, TraceId, SpanId, SeverityText, SeverityNumber, Body,
  ResourceAttributes, ScopeName, ScopeVersion, LogAttributes, EventName`;

/** A row of `SELECT LOG_COLUMNS FROM otel_logs`. */
export interface StoredLog {
  readonly time: string;
  readonly TraceId: string;
  readonly SpanId: string;
  readonly SeverityText: string;
  readonly SeverityNumber: number;
  readonly Body: string;
  readonly ResourceAttributes: Texts;
  readonly ScopeName: string;
  readonly ScopeVersion: string;
  readonly LogAttributes: Texts;
  readonly EventName: string;
}

/** The log event as it was sent, but for its body and attribute values, which are text. */
export function toLogEvent(row: StoredLog): LogEvent {
  const attributes = toAttributes(row.LogAttributes);
  return {
    traceId: row.TraceId,
    spanId: row.SpanId,
    timeNs: BigInt(takeNumber(attributes, ORIGINAL_TIMESTAMP) ?? row.time),
    severityNumber: row.SeverityNumber,
    severityText: row.SeverityText,
    name: row.EventName,
    body: row.Body === '' ? null : row.Body,
    attributes,
    resource: toAttributes(row.ResourceAttributes),
    scopeName: row.ScopeName,
    scopeVersion: row.ScopeVersion,
  };
}
