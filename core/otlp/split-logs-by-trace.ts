import { LogKeys } from './log-keys.js';
import { LOGS_ENVELOPE } from './schema.js';
import { splitRequest, type SplitOptions, type SplitResult, type SplitSignal } from './split-request.js';

export { RESPONSE_KEY_PREFIX } from './log-keys.js';

const LOG_RECORDS: SplitSignal = {
  envelope: LOGS_ENVELOPE,
  noun: { one: 'log record', many: 'log records' },
  createItems: (reader, limits) => new LogKeys(reader, limits),
};

/**
 * Splits an OTLP `ExportLogsServiceRequest` by trace, key = trace id. Only records of agent work are kept: those of a trace
 * whose event name begins with `gen_ai.`, and evaluations without a trace that name the response they are about; the key of
 * these is `response:` and the response's id. All else is ignored, for an application's whole log may come here.
 *
 * Runs for every log record at admission: a message event of 1.2 KB takes less than half of what a span of 1.7 KB does.
 * Benchmark: otlp.bench.ts.
 *
 * @throws {PipelineError} OTLP_MALFORMED; OTLP_TOO_LARGE when there would be more than `maxBytes` or `maxTraces`
 */
export function splitLogsByTrace(bytes: Uint8Array, options: SplitOptions): SplitResult {
  return splitRequest(bytes, options, LOG_RECORDS);
}
