import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import type { Counter } from '../core/metrics.js';

/** A line costs the acknowledging thread a write; while the bus refuses, every request would have one. */
const QUIET_MS = 10_000;

/** Collaborators of the refusal log. */
export interface RefusalLogDeps {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly refused: Counter;
}

/** Tells of requests that the bus did not take: counts each, logs the first, then one line in ten seconds at most. */
export interface RefusalLog {
  refused(error: unknown): void;
  /** The bus took a request. Says so once after a line about refusals. */
  took(): void;
}

/** Makes the log of refusals. */
export function createRefusalLog({ logger, clock, refused }: RefusalLogDeps): RefusalLog {
  let sinceLine = 0;
  let lineMs = -Infinity;
  let told = false;
  return {
    refused(error) {
      refused.add(1);
      sinceLine += 1;
      const nowMs = clock.nowMs();
      if (nowMs - lineMs < QUIET_MS) return;
      logger.error(
        { err: error, requests: sinceLine },
        'requests could not be put on the bus; senders send them again',
      );
      sinceLine = 0;
      lineMs = nowMs;
      told = true;
    },
    took() {
      if (!told) return;
      told = false;
      logger.info({}, 'requests are put on the bus again');
    },
  };
}
