import { TRACES_ENVELOPE } from './schema.js';
import { SpanIds } from './span-ids.js';
import { splitRequest, type SplitOptions, type SplitResult, type SplitSignal } from './split-request.js';

const SPANS: SplitSignal = {
  envelope: TRACES_ENVELOPE,
  noun: { one: 'span', many: 'spans' },
  createItems: (reader, limits) => new SpanIds(reader, limits),
};

/**
 * Splits an OTLP `ExportTraceServiceRequest` by trace, key = trace id. No span is ignored.
 *
 * Runs for every span at admission: 1.7 µs of CPU for one of 1.7 KB with 20 attributes. Benchmark: otlp.bench.ts.
 *
 * @throws {PipelineError} OTLP_MALFORMED; OTLP_TOO_LARGE when there would be more than `maxBytes` or `maxTraces`
 */
export function splitByTrace(bytes: Uint8Array, options: SplitOptions): SplitResult {
  return splitRequest(bytes, options, SPANS);
}
