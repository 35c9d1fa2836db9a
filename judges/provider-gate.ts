import type { Clock } from '../core/clock.js';

export interface ProviderGateOptions {
  readonly concurrency: number;
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
}

export interface ProviderGateDeps {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

/** How a provider failed. */
export interface Trouble {
  readonly reason: string;
  readonly retryAfterMs?: number;
}

/** A place at the provider, to be left once. */
export interface Ticket {
  /** Says how the call went. `failing` is the provider's trouble, `other` says nothing about the provider. */
  leave(result: 'ok' | 'failing' | 'other', trouble?: Trouble): void;
}

/**
 * Lets calls through to one provider. When it fails, everyone pauses: for as long as it asked, else twice as long each
 * time, and then one call tries before the rest follow. So a dead provider costs one call a pause, and a throttling one
 * finds fewer calls at a time.
 */
export interface ProviderGate {
  /**
   * Waits for a place.
   * @returns undefined when none came before the deadline
   * @throws the signal's reason once it aborts
   */
  enter(deadlineMs: number, signal: AbortSignal): Promise<Ticket | undefined>;
  /** How the provider failed last; undefined once it answered. */
  lastTrouble(): string | undefined;
}

/** An open gate. */
export function createProviderGate(options: ProviderGateOptions, { clock, random }: ProviderGateDeps): ProviderGate {
  let limit = options.concurrency;
  let inFlight = 0;
  let pausedUntilMs = 0;
  let failures = 0;
  let last: string | undefined;
  const waiting = new Set<() => void>();
  const pause = (retryAfterMs: number | undefined): void => {
    const backoffMs = Math.min(options.maxBackoffMs, options.backoffMs * 2 ** Math.min(failures - 1, 20));
    pausedUntilMs = clock.nowMs() + Math.max(retryAfterMs ?? 0, backoffMs * (0.5 + random() / 2));
  };
  const ticket = (generation: number): Ticket => ({
    leave(result, trouble) {
      inFlight -= 1;
      if (result === 'ok') {
        failures = 0;
        last = undefined;
        limit = Math.min(options.concurrency, limit + 1);
      }
      if (result === 'failing') {
        const { retryAfterMs } = trouble ?? {};
        last = trouble?.reason;
        // Calls that were let through together fail together: that is one failure.
        if (generation === failures) {
          failures += 1;
          limit = failures > 1 ? 1 : Math.max(1, Math.floor(limit / 2));
          pause(retryAfterMs);
        } else if (retryAfterMs !== undefined) {
          pausedUntilMs = Math.max(pausedUntilMs, clock.nowMs() + retryAfterMs);
        }
      }
      for (const wake of waiting) wake();
    },
  });
  return {
    lastTrouble: () => last,
    async enter(deadlineMs, signal) {
      for (;;) {
        signal.throwIfAborted();
        const nowMs = clock.nowMs();
        if (nowMs >= deadlineMs) return undefined;
        if (nowMs >= pausedUntilMs && inFlight < limit) {
          inFlight += 1;
          return ticket(failures);
        }
        const untilMs = nowMs < pausedUntilMs ? Math.min(pausedUntilMs, deadlineMs) : deadlineMs;
        await sleepOrWake(untilMs - nowMs, { clock, waiting, signal });
      }
    },
  };
}

interface Wait {
  readonly clock: Clock;
  readonly waiting: Set<() => void>;
  readonly signal: AbortSignal;
}

async function sleepOrWake(ms: number, { clock, waiting, signal }: Wait): Promise<void> {
  const done = new AbortController();
  const wake = (): void => {
    done.abort();
  };
  waiting.add(wake);
  signal.addEventListener('abort', wake, { once: true });
  await clock.sleep(ms, done.signal);
  waiting.delete(wake);
  signal.removeEventListener('abort', wake);
}
