import type { LogEvent } from './log-event.js';
import type { Span } from './span.js';

/** What the store already holds of a trace: what a late version of it is read back from. */
export interface SpanArchive {
  /** Each span once, in order of start, without log events; empty when the store holds none yet. */
  spansOf(tenant: string, traceId: string): Promise<readonly Span[]>;
  /** Each log event once, in order of time. */
  logsOf(tenant: string, traceId: string): Promise<readonly LogEvent[]>;
}
