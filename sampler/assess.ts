import type { SamplerConfig } from './config.js';
import type { OpenTrace } from './open-trace.js';

/** What is to be done with an open trace at a moment of bus time. */
export type Assessment =
  | { readonly status: 'decide'; readonly complete: boolean; readonly completeness: string }
  | { readonly status: 'wait'; readonly untilMs: number }
  /** Log events alone, whose spans did not come in time. */
  | { readonly status: 'orphan' };

export type WholeRules = Pick<SamplerConfig, 'quietMs' | 'orphanQuietMs' | 'deadlineMs'>;

interface Shape {
  readonly hasRoot: boolean;
  /** Spans that were sent before they ended, and not again since. */
  readonly unended: number;
  /** Spans whose parent has not come. */
  readonly orphans: number;
}

/**
 * Whole: the root ended, no child is open, and nothing came for `quietMs`. A parent that never comes (one that was not
 * exported, as roots of MCP sessions) is waited for `orphanQuietMs`. At the deadline it is decided as it is.
 *
 * @param nowMs - bus time
 */
export function assess(trace: OpenTrace, rules: WholeRules, nowMs: number): Assessment {
  const deadlineMs = trace.firstSeenMs + rules.deadlineMs;
  if (trace.spans.size === 0)
    return nowMs < deadlineMs ? { status: 'wait', untilMs: deadlineMs } : { status: 'orphan' };
  const shape = shapeOf(trace);
  if (!shape.hasRoot || shape.unended > 0) {
    return nowMs < deadlineMs ? { status: 'wait', untilMs: deadlineMs } : incomplete(whyNot(shape, rules));
  }
  const orphanQuietMs = Math.max(rules.quietMs, rules.orphanQuietMs);
  const quietMs = shape.orphans > 0 ? orphanQuietMs : rules.quietMs;
  const quietAtMs = trace.lastSeenMs + quietMs;
  if (nowMs < Math.min(quietAtMs, deadlineMs)) return { status: 'wait', untilMs: Math.min(quietAtMs, deadlineMs) };
  if (trace.overflow > 0)
    return incomplete(`runaway: ${trace.overflow} spans beyond the first ${trace.spans.size} were dropped`);
  if (trace.logOverflow > 0)
    return incomplete(`runaway: ${trace.logOverflow} log events beyond the first ${trace.logs.size} were dropped`);
  if (nowMs < quietAtMs) {
    return incomplete(shape.orphans > 0 ? whyNot(shape, rules) : `spans still came after ${seconds(rules.deadlineMs)}`);
  }
  const orphans =
    shape.orphans === 0 ? '' : `; ${plural(shape.orphans, 'span has a parent', 'spans have a parent')} that never came`;
  return { status: 'decide', complete: true, completeness: `root ended, then quiet for ${seconds(quietMs)}${orphans}` };
}

function shapeOf(trace: OpenTrace): Shape {
  let hasRoot = false;
  let unended = 0;
  let orphans = 0;
  for (const span of trace.spans.values()) {
    if (span.endNs === 0n) unended += 1;
    if (span.parentSpanId === '') hasRoot = true;
    else if (!trace.spans.has(span.parentSpanId)) orphans += 1;
  }
  // Of a runaway trace parents and ends were dropped too, so nothing can be told from their lack.
  return trace.overflow > 0 ? { hasRoot, unended: 0, orphans: 0 } : { hasRoot, unended, orphans };
}

function whyNot({ hasRoot, unended, orphans }: Shape, rules: WholeRules): string {
  const within = `within ${seconds(rules.deadlineMs)}`;
  if (!hasRoot) return `no root span came ${within}`;
  if (unended > 0) return `${plural(unended, 'span', 'spans')} did not end ${within}`;
  return `the parent of ${plural(orphans, 'span', 'spans')} did not come ${within}`;
}

function incomplete(completeness: string): Assessment {
  return { status: 'decide', complete: false, completeness };
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
