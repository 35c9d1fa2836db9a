import type { Span } from './span.js';

/** Spans that the store already holds: what a late version of a trace is read back from. */
export interface SpanArchive {
  /** Each span once, in order of start; empty when the store holds none yet. */
  spansOf(tenant: string, traceId: string): Promise<readonly Span[]>;
}
