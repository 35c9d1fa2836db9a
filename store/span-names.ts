import type { SpanKind, StatusCode } from '../core/span.js';
import { ORIGINAL_TIMESTAMP } from './row-parts.js';

/** End of the span as it was sent, in ns, where it is not start plus `Duration`: 0 for a span that had not ended. */
export const ORIGINAL_END = 'assay.original_end_timestamp';

/** Attributes of a row that only Assay writes: a sender's own are dropped, since they would change the times read back. */
export const OWN_SPAN_ATTRIBUTES: readonly string[] = [ORIGINAL_TIMESTAMP, ORIGINAL_END];

/** Names of span kinds in a row, by number. */
export const KIND_NAMES: readonly string[] = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
/** Names of status codes in a row, by number. */
export const STATUS_NAMES: readonly string[] = ['Unset', 'Ok', 'Error'];

/** Kind of the row's name for it. */
export function toSpanKind(name: string): SpanKind {
  return Math.max(0, KIND_NAMES.indexOf(name)) as SpanKind;
}

/** Status of the row's name for it. */
export function toStatusCode(name: string): StatusCode {
  return Math.max(0, STATUS_NAMES.indexOf(name)) as StatusCode;
}
