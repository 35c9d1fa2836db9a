const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;

/** Lengths that divide a UTC day, so that batches begin at the same times every day. */
const LENGTHS_MS = [5 * MINUTE_MS, 15 * MINUTE_MS, 60 * MINUTE_MS, 240 * MINUTE_MS, DAY_MS] as const;

/** Traces that a batch should hold: with fewer, looking more often costs more evidence than it saves time. */
const ENOUGH_TRACES = 250;

/** Length of a batch in ms: the shortest of 5 min, 15 min, 1 h, 4 h and 1 day that holds enough traces. */
export function batchLengthMs(tracesPerDay: number): number {
  return LENGTHS_MS.find((lengthMs) => (tracesPerDay * lengthMs) / DAY_MS >= ENOUGH_TRACES) ?? DAY_MS;
}

/** Looks in a year of batches of that length: the A of one false alarm a year. */
export function checksPerYear(lengthMs: number): number {
  return (365 * DAY_MS) / lengthMs;
}
