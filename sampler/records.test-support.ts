import { attributeText } from '../core/attribute-text.js';
import type { Attributes } from '../core/attributes.js';
import type { LogEvent } from '../core/log-event.js';
import type { LogRecord } from '../core/log.js';
import { TENANT_HEADER } from '../core/log.js';
import { decodeSpans } from '../core/otlp/decode-spans.js';
import { transcodeJson, transcodeJsonLogs } from '../core/otlp/transcode-json.js';
import type { Span } from '../core/span.js';

/** A span as a test writes it. Times are in milliseconds; `end` 0 is a span sent before it ended. */
export interface TestSpan {
  readonly id: number;
  /** 0 for a root. */
  readonly parent: number;
  readonly end?: number;
  readonly traceState?: string;
  readonly name?: string;
  readonly kind?: number;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly resource?: Readonly<Record<string, string>>;
}

/** A log event as a test writes it. */
export interface TestLog {
  /** 0 for the trace as a whole. */
  readonly span: number;
  /** `gen_ai.user.message` when it is left out. */
  readonly name?: string;
  readonly text?: string;
  readonly ms?: number;
}

export const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

/** One record of the bus, as the collector writes it. Its resource is that of its first span. */
export function spanRecord(spans: readonly TestSpan[], traceId = TRACE, tenant = 't'): LogRecord {
  const resource = { attributes: toKeyValues(spans[0]?.resource ?? {}) };
  const request = {
    resourceSpans: [{ resource, scopeSpans: [{ spans: spans.map((span) => toOtlp(span, traceId)) }] }],
  };
  const headers = { [TENANT_HEADER]: tenant };
  return { topic: 'spans', key: traceId, value: transcodeJson(JSON.stringify(request)), headers };
}

/** One record of log events, as the collector writes it. */
export function logRecord(logs: readonly TestLog[], traceId = TRACE, tenant = 't'): LogRecord {
  const logRecords = logs.map(({ span, name = 'gen_ai.user.message', text = 'please refund', ms = 1 }) => ({
    traceId,
    ...(span === 0 ? {} : { spanId: hex(span) }),
    timeUnixNano: String(ms * 1_000_000),
    eventName: name,
    body: { kvlistValue: { values: toKeyValues({ role: 'user', content: text }) } },
    attributes: [
      { key: 'gen_ai.system', value: { stringValue: 'openai' } },
      { key: 'index', value: { intValue: '7' } },
    ],
  }));
  const value = transcodeJsonLogs(JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }));
  return { topic: 'logs', key: traceId, value, headers: { [TENANT_HEADER]: tenant } };
}

export function toSpans(spans: readonly TestSpan[], traceId = TRACE): readonly Span[] {
  return decodeSpans(spanRecord(spans, traceId).value);
}

/** The event as the store gives it: every value a string. */
export function asStored(event: LogEvent): LogEvent {
  const { traceId, spanId, timeNs, severityNumber, severityText, name, scopeName, scopeVersion } = event;
  const own = { traceId, spanId, timeNs, severityNumber, severityText, name, scopeName, scopeVersion };
  const texts = (attributes: Attributes): Attributes =>
    new Map([...attributes].map(([key, value]) => [key, attributeText(value)]));
  return {
    ...own,
    body: attributeText(event.body),
    attributes: texts(event.attributes),
    resource: texts(event.resource),
  };
}

function toOtlp(span: TestSpan, traceId: string): object {
  const { id, parent, end = 2, traceState = '', name = `span ${id}`, kind = 0, attributes = {} } = span;
  return {
    traceId,
    spanId: hex(id),
    ...(parent === 0 ? {} : { parentSpanId: hex(parent) }),
    traceState,
    name,
    kind,
    startTimeUnixNano: '1000000',
    endTimeUnixNano: String(end * 1_000_000),
    attributes: toKeyValues(attributes),
  };
}

function toKeyValues(attributes: Readonly<Record<string, string>>): readonly object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: { stringValue: value } }));
}

function hex(id: number): string {
  return id.toString(16).padStart(16, '0');
}
