import { SpanStatusCode, type Span } from '@opentelemetry/api';

/** Runs `work`, then `record`, and ends the span; a failure is recorded and goes on. */
export async function endedAfter<Value>(
  span: Span,
  work: () => Promise<Value>,
  record: (value: Value) => void,
): Promise<Value> {
  try {
    const value = await work();
    record(value);
    return value;
  } catch (error) {
    span.recordException(error as Error);
    span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) });
    throw error;
  } finally {
    span.end();
  }
}
