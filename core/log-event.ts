import type { Attributes, AttributeValue } from './attributes.js';

/**
 * One OTLP log record that speaks of a span: some emitters send message text, operation details and evaluations so, before
 * or after the span, or in another request. Attributes and body are read when they are first asked for.
 */
export interface LogEvent {
  /** 32 lower-case hex digits; empty for an evaluation that names a response (`gen_ai.response.id`) and no trace. */
  readonly traceId: string;
  /** 16 lower-case hex digits, or empty when it is about the trace as a whole. */
  readonly spanId: string;
  /** Nanoseconds since the Unix epoch: `time_unix_nano`, or `observed_time_unix_nano` when that is 0. */
  readonly timeNs: bigint;
  readonly severityNumber: number;
  readonly severityText: string;
  /** The record's `event_name`, or its attribute `event.name`, as older emitters have it; empty for a plain log line. */
  readonly name: string;
  /** Null when there is none. */
  readonly body: AttributeValue;
  readonly attributes: Attributes;
  readonly resource: Attributes;
  readonly scopeName: string;
  readonly scopeVersion: string;
}
