import { AsyncLocalStorage } from 'node:async_hooks';
import type { tracing } from '@opentelemetry/sdk-node';
import { contentHash } from '../../core/keyed-hash.js';

/** Ids that follow from the request and from the order of its spans, however many requests run at once. */
export interface SeededIds {
  readonly generator: tracing.IdGenerator;
  /** All spans that `work` starts belong to this trace. */
  within<Value>(traceId: string, work: () => Promise<Value>): Promise<Value>;
}

/** Outside of `within` an id cannot be made: a span there would belong to no planned request. */
export function createSeededIds(): SeededIds {
  const storage = new AsyncLocalStorage<{ readonly traceId: string; spans: number }>();
  const current = () => {
    const store = storage.getStore();
    if (!store) throw new Error('expected a span inside a planned request, got one outside');
    return store;
  };
  return {
    generator: {
      generateTraceId: () => current().traceId,
      generateSpanId: () => {
        const trace = current();
        trace.spans += 1;
        return contentHash(trace.traceId, String(trace.spans)).slice(0, 16);
      },
    },
    within: (traceId, work) => storage.run({ traceId, spans: 0 }, work),
  };
}
