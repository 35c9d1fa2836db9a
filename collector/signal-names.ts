/** What OTLP carries. Apart from what reads it, because the settings need the names alone. */
export const SIGNAL_NAMES = ['traces', 'logs', 'metrics'] as const;
export type SignalName = (typeof SIGNAL_NAMES)[number];

/** What counts the rejected in the answer of a signal. In protobuf all of them have the number 1. */
export type RejectedField = 'rejectedSpans' | 'rejectedLogRecords' | 'rejectedDataPoints';
