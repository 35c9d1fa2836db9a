import type { Clock } from '../core/clock.js';
import { PipelineError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

/**
 * Tries until it works: a bus or disk that is away is waited out.
 * @returns undefined when it was told to stop before it worked
 * @throws what is no retryable PipelineError, since trying again would not help
 */
export async function persist<T>(
  action: () => Promise<T>,
  deps: { readonly clock: Clock; readonly logger: Logger; readonly what: string },
  stopping: AbortSignal,
): Promise<T | undefined> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof PipelineError) || error.disposition !== 'retry') throw error;
      if (hasEnded(stopping)) return undefined;
      deps.logger.error({ error, waitMs }, `the sampler could not ${deps.what}; nothing is lost, it is tried again`);
      await deps.clock.sleep(waitMs, stopping);
      if (hasEnded(stopping)) return undefined;
    }
  }
}

/** A call, because the compiler takes a property to stay what it was. */
function hasEnded(signal: AbortSignal): boolean {
  return signal.aborted;
}
