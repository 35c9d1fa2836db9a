import type { Clock } from '../core/clock.js';
import { PipelineError } from '../core/errors.js';
import type { ModelOptions } from './model-options.js';
import { ProviderFailure, toPipelineError } from './provider-failure.js';

export interface ModelDeps {
  readonly clock: Clock;
}

/** Whose call, and what ends it. */
export interface Deadline extends ModelDeps {
  readonly options: ModelOptions;
  readonly signal: AbortSignal;
}

const LATE = new Error('deadline');

/**
 * Runs one call under the model's timeout, which covers the body too: an SDK's own ends with the headers.
 *
 * @throws {PipelineError} MODEL_TIMEOUT at the deadline; MODEL_UNREACHABLE when the caller's signal aborted it
 */
export async function withDeadline<Reply>(
  { options, clock, signal }: Deadline,
  call: (signal: AbortSignal) => Promise<Reply>,
): Promise<Reply> {
  const ours = new AbortController();
  const timer = setTimeout(() => {
    ours.abort(LATE);
  }, options.timeoutMs);
  const abort = (): void => {
    ours.abort();
  };
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await call(ours.signal);
  } catch (error) {
    const where = `${options.provider} model ${options.name} at ${options.baseUrl}`;
    if (ours.signal.reason === LATE) {
      const text = `expected an answer of ${where} within ${options.timeoutMs} ms, got none`;
      throw new PipelineError('MODEL_TIMEOUT', text, {
        cause: new ProviderFailure(text, { brief: `no answer within ${options.timeoutMs} ms` }),
      });
    }
    if (signal.aborted) {
      const text = `the call to ${where} was given up because Assay is stopping`;
      throw new PipelineError('MODEL_UNREACHABLE', text, { cause: new ProviderFailure(text) });
    }
    throw toPipelineError(error, options, clock.nowMs());
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
