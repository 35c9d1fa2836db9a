import type { Topic } from '../core/log.js';
import { splitByTrace } from '../core/otlp/split-by-trace.js';
import { splitLogsByTrace } from '../core/otlp/split-logs-by-trace.js';
import type { SplitOptions, SplitResult } from '../core/otlp/split-request.js';
import { transcodeJson, transcodeJsonLogs } from '../core/otlp/transcode-json.js';
import type { RejectedField } from './answer.js';

/** What differs between the signals that are received. */
export interface Signal {
  readonly topic: Topic;
  readonly rejectedField: RejectedField;
  /** @throws {PipelineError} OTLP_MALFORMED */
  readonly transcode: (json: Uint8Array) => Uint8Array;
  /** @throws {PipelineError} OTLP_MALFORMED or OTLP_TOO_LARGE */
  readonly split: (bytes: Uint8Array, options: SplitOptions) => SplitResult;
}

export const TRACES: Signal = {
  topic: 'spans',
  rejectedField: 'rejectedSpans',
  transcode: transcodeJson,
  split: splitByTrace,
};

export const LOGS: Signal = {
  topic: 'logs',
  rejectedField: 'rejectedLogRecords',
  transcode: transcodeJsonLogs,
  split: splitLogsByTrace,
};
