import { malformed } from './malformed.js';

/** Bytes of a span's ids. */
export interface IdSizes {
  readonly traceId: number;
  readonly spanId: number;
  readonly parentSpanId: number;
}

/**
 * Checks that the ids of a span are of their length; only a parent may be empty.
 * @param end - where the span ends
 * @throws {PipelineError} OTLP_MALFORMED
 */
export function checkIdSizes({ traceId, spanId, parentSpanId }: IdSizes, end: number): void {
  if (traceId !== 16) throw wrongId('trace id of 16', traceId, end);
  if (spanId !== 8) throw wrongId('span id of 8', spanId, end);
  if (parentSpanId !== 0 && parentSpanId !== 8) throw wrongId('parent span id of 8', parentSpanId, end);
}

function wrongId(expected: string, got: number, end: number): Error {
  return malformed(`expected a ${expected} bytes, got ${got} bytes in the span that ends`, `byte ${end}`);
}
