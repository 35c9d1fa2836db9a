/** What `npm run demo` shows when no seed is given. */
export const COMMITTED_SEED = 1;

/** Run by `npm run demo:seeds` beside the committed one. */
export const OTHER_SEEDS: readonly number[] = Array.from({ length: 20 }, (_, index) => index + 2);
