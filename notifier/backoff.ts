const DAY_MS = 86_400_000;

export interface Backoff {
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** In [0, 1). */
  readonly random: () => number;
  /** What the receiver asked for. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * How long to wait after so many failures in a row: drawn evenly from below a bound that doubles (full jitter), or as long as
 * the receiver asked, whichever is more; at most a day.
 *
 * @param failures - at least 1
 * @returns ms, at least 1
 * @see M. Brooker (2015), Exponential backoff and jitter, AWS Architecture Blog
 */
export function waitAfter(failures: number, { backoffMs, maxBackoffMs, random, retryAfterMs = 0 }: Backoff): number {
  const bound = Math.min(maxBackoffMs, backoffMs * 2 ** Math.min(failures - 1, 30));
  return Math.min(DAY_MS, Math.max(1, Math.round(Math.max(random() * bound, retryAfterMs))));
}
