import type { Topic } from '../core/log.js';
import { countDataPoints, countDataPointsInJson } from '../core/otlp/count-data-points.js';
import { splitByTrace } from '../core/otlp/split-by-trace.js';
import { splitLogsByTrace } from '../core/otlp/split-logs-by-trace.js';
import type { SplitOptions, SplitResult } from '../core/otlp/split-request.js';
import { transcodeJson, transcodeJsonLogs } from '../core/otlp/transcode-json.js';
import type { Encoding } from './answer.js';
import type { RejectedField, SignalName } from './signal-names.js';

/** What differs between the signals that are received. */
export interface Signal {
  readonly name: SignalName;
  /** Where its records go. */
  readonly topic: Topic;
  readonly rejectedField: RejectedField;
  /** @throws {PipelineError} OTLP_MALFORMED or OTLP_TOO_LARGE */
  readonly split: (bytes: Uint8Array, encoding: Encoding, options: SplitOptions) => SplitResult;
}

export const TRACES: Signal = {
  name: 'traces',
  topic: 'spans',
  rejectedField: 'rejectedSpans',
  split: (bytes, encoding, options) =>
    splitByTrace(encoding === 'application/json' ? transcodeJson(bytes) : bytes, options),
};

export const LOGS: Signal = {
  name: 'logs',
  topic: 'logs',
  rejectedField: 'rejectedLogRecords',
  split: (bytes, encoding, options) =>
    splitLogsByTrace(encoding === 'application/json' ? transcodeJsonLogs(bytes) : bytes, options),
};

const NOT_KEPT =
  'expected traces or logs, got metrics, which are not kept; set OTEL_METRICS_EXPORTER=none to stop sending them.';

/** Taken, so that a sender of all three signals has no error, and rejected to the last data point. */
export const METRICS: Signal = {
  name: 'metrics',
  topic: 'logs',
  rejectedField: 'rejectedDataPoints',
  split(bytes, encoding) {
    const rejected = encoding === 'application/json' ? countDataPointsInJson(bytes) : countDataPoints(bytes);
    return { records: [], accepted: 0, ignored: 0, rejected, rejectedMessage: rejected === 0 ? '' : NOT_KEPT };
  },
};

export const SIGNALS: readonly Signal[] = [TRACES, LOGS, METRICS];
