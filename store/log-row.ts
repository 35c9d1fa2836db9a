import { attributeText } from '../core/attribute-text.js';
import type { OtlpLogEvent } from '../core/otlp/decode-log-events.js';
import { attributeTexts } from './attribute-text.js';
import {
  clampToBus,
  createResourceParts,
  dateTime64,
  ORIGINAL_TIMESTAMP,
  type RecordOrigin,
  type ResourcePart,
  type Texts,
} from './row-parts.js';

/** Attributes of a row that only Assay writes: a sender's own are dropped, since they would change the times read back. */
const OWN_LOG_ATTRIBUTES: readonly string[] = [ORIGINAL_TIMESTAMP];

/** A row of `otel_logs`, in JSON names. */
export interface LogRow {
  readonly Timestamp: string;
  readonly TraceId: string;
  readonly SpanId: string;
  readonly TraceFlags: number;
  readonly SeverityText: string;
  readonly SeverityNumber: number;
  readonly ServiceName: string;
  readonly Body: string;
  readonly ResourceSchemaUrl: string;
  readonly ResourceAttributes: Texts;
  readonly ScopeSchemaUrl: string;
  readonly ScopeName: string;
  readonly ScopeVersion: string;
  readonly ScopeAttributes: Texts;
  readonly LogAttributes: Texts;
  readonly EventName: string;
}

/**
 * Rows of `otel_logs` of one record's log events, as the OpenTelemetry exporter writes them, but for a time that is clamped to
 * bus time ± 7 days, and for an event name that an older emitter sent as an attribute, which is in `EventName` too. The same
 * events and origin always give the same rows. Made one by one, as those of spans are.
 */
export function* toLogRows(logs: readonly OtlpLogEvent[], origin: RecordOrigin): Generator<LogRow, void, undefined> {
  const resourceOf = createResourceParts(origin);
  for (const log of logs) yield toLogRow(log, resourceOf(log.resource), origin.acceptedAtMs);
}

function toLogRow(log: OtlpLogEvent, resource: ResourcePart, acceptedAtMs: number): LogRow {
  const timeNs = clampToBus(log.timeNs, acceptedAtMs);
  const attributes = attributeTexts(log.attributes, OWN_LOG_ATTRIBUTES);
  if (timeNs !== log.timeNs) attributes[ORIGINAL_TIMESTAMP] = String(log.timeNs);
  return {
    Timestamp: dateTime64(timeNs),
    TraceId: log.traceId,
    SpanId: log.spanId,
    TraceFlags: log.flags & 0xff,
    SeverityText: log.severityText,
    SeverityNumber: log.severityNumber & 0xff,
    ServiceName: resource.service,
    Body: attributeText(log.body),
    ResourceSchemaUrl: log.resourceSchemaUrl,
    ResourceAttributes: resource.texts,
    ScopeSchemaUrl: log.scopeSchemaUrl,
    ScopeName: log.scopeName,
    ScopeVersion: log.scopeVersion,
    ScopeAttributes: attributeTexts(log.scopeAttributes),
    LogAttributes: attributes,
    EventName: log.name,
  };
}
