/** What the holder of the failed work should do with it. */
export type Disposition = 'retry' | 'reject' | 'halt';

/** Every code, written once. docs/reference/errors.md is tested against this table. */
export const ERROR_CODES = {
  CONFIG_INVALID: 'halt',
  DATA_DIRECTORY_BUSY: 'halt',
  DATA_DIRECTORY_UNUSABLE: 'halt',
  LISTEN_FAILED: 'halt',
  ASSAY_UNREACHABLE: 'halt',
  ASSAY_NOT_READY: 'retry',
  TRACE_UNKNOWN: 'reject',
  ALARM_UNKNOWN: 'reject',
  OTLP_MALFORMED: 'reject',
  OTLP_TOO_LARGE: 'reject',
  BUS_UNAVAILABLE: 'retry',
  BUS_CLOSED: 'retry',
  RECORD_MALFORMED: 'reject',
  RECORD_TOO_LARGE: 'reject',
  RECORD_UNKNOWN: 'reject',
  STORE_UNAVAILABLE: 'retry',
  STORE_REFUSED: 'halt',
  ROWS_REFUSED: 'reject',
  ENGINE_MISSING: 'halt',
  RUBRIC_INVALID: 'halt',
  MODEL_UNPRICED: 'halt',
  MODEL_UNREACHABLE: 'retry',
  MODEL_THROTTLED: 'retry',
  MODEL_TIMEOUT: 'retry',
  MODEL_REFUSED: 'reject',
  MODEL_REPLY_INVALID: 'reject',
} as const satisfies Record<string, Disposition>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** A promise the pipeline could not keep. Handle it by `code` or `disposition`, never by message. */
export class PipelineError extends Error {
  override readonly name: string = 'PipelineError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get disposition(): Disposition {
    return ERROR_CODES[this.code];
  }
}
