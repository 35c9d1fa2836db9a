import type { Span } from '../core/span.js';

const THRESHOLD = /^[0-9a-f]{1,14}$/;
const ALL = 2n ** 56n;

/**
 * Adjusted count that a probability sampler before us left in `tracestate`: 1 / (1 - T / 2^56) with T from `ot=th:T`,
 * padded right to 14 hex digits. 1 when there is no threshold, or one that breaks the format.
 *
 * @see OpenTelemetry specification, "TraceState: Probability Sampling"
 */
export function upstreamWeight(traceState: string): number {
  const threshold = thresholdOf(traceState);
  if (threshold === undefined) return 1;
  const rejected = BigInt(`0x${threshold.padEnd(14, '0')}`);
  return Number(ALL) / Number(ALL - rejected);
}

/** Of the root, else of the span that started first. */
export function samplingSpan(spans: Iterable<Span>): Span | undefined {
  let chosen: Span | undefined;
  for (const span of spans) {
    if (chosen === undefined || comesBefore(span, chosen)) chosen = span;
  }
  return chosen;
}

function comesBefore(span: Span, other: Span): boolean {
  const isRoot = span.parentSpanId === '';
  if (isRoot !== (other.parentSpanId === '')) return isRoot;
  return span.startNs === other.startNs ? span.spanId < other.spanId : span.startNs < other.startNs;
}

function thresholdOf(traceState: string): string | undefined {
  for (const member of traceState.split(',')) {
    const [vendor, fields] = splitOnce(member.trim(), '=');
    if (vendor !== 'ot') continue;
    for (const field of fields.split(';')) {
      const [key, value] = splitOnce(field, ':');
      if (key === 'th' && THRESHOLD.test(value)) return value;
    }
  }
  return undefined;
}

function splitOnce(text: string, separator: string): readonly [before: string, after: string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
