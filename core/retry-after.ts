/**
 * Reads `Retry-After`, in seconds or as a date.
 * @returns ms from now, at least 0; undefined when there is none that can be read
 */
export function readRetryAfter(value: string | null, nowMs: number): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  // Only what looks like an HTTP date: `Date.parse` takes many other texts for one.
  const dateMs = /GMT$/i.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}
