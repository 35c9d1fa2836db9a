import type { Attributes, AttributeValue } from './attributes.js';

/** OTLP span kinds: 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
export type SpanKind = 0 | 1 | 2 | 3 | 4 | 5;

/** OTLP status codes: 0 unset, 1 ok, 2 error. */
export type StatusCode = 0 | 1 | 2;

export interface SpanEvent {
  readonly name: string;
  /** Nanoseconds since the Unix epoch. */
  readonly timeNs: bigint;
  readonly attributes: Attributes;
  /** Of an event that came as a log record, the record's body. */
  readonly body?: AttributeValue;
}

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: Attributes;
}

/**
 * One span, read from OTLP bytes or from a row of `otel_traces`. Attributes, events and links are read when they are first
 * asked for. From a row all attribute values are strings, as the exporter's table holds them; readers must take both.
 */
export interface Span {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** 16 lower-case hex digits, or empty for a root. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startNs: bigint;
  /** 0n when the span was sent before it ended. */
  readonly endNs: bigint;
  readonly statusCode: StatusCode;
  readonly statusMessage: string;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
  /** Of the resource that the span belongs to; shared by reference between its spans. */
  readonly resource: Attributes;
  readonly scopeName: string;
  readonly scopeVersion: string;
}
