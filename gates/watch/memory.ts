import type { Cell, SliceDay } from '../../core/cell.js';
import type { State, StateEntry } from '../../core/state.js';
import { newSince } from './cells.js';
import type { HysteresisState } from './hysteresis.js';
import { sliceKey, type SliceNews } from './regression.js';
import type { SliceWatch } from './slice-watch.js';

const SLICE = 'slice/';
/** By day and slice, the counts that were taken in. */
const SEEN = 'seen/';

/** What has come since the last look, what to remember of it, and which keys are of days that are asked for no more. */
export function newsOf(
  days: readonly SliceDay[],
  { state, sinceDay }: { readonly state: State; readonly sinceDay: string },
): { readonly news: readonly SliceNews[]; readonly seen: readonly StateEntry[]; readonly past: readonly string[] } {
  const seen: StateEntry[] = [];
  const news: SliceNews[] = [];
  for (const { day, cells, firstSeenMs, ...subject } of days) {
    const key = `${SEEN}${day}/${sliceKey(subject)}`;
    const text = state.get(key);
    const compared = newSince(text === undefined ? [] : (JSON.parse(text) as Cell[]), cells);
    if (compared.news.length === 0) continue;
    news.push({ subject, firstSeenMs, news: compared.news });
    seen.push([key, JSON.stringify(compared.seen)]);
  }
  const past = [...state.range(SEEN)].map(([key]) => key).filter((key) => key < `${SEEN}${sinceDay}`);
  return { news, seen, past };
}

/** Every slice as the last look left it. */
export function readSlices(state: State): ReadonlyMap<string, SliceWatch> {
  return new Map(
    [...state.range(SLICE)].map(([key, text]) => [key.slice(SLICE.length), JSON.parse(text) as SliceWatch]),
  );
}

/** What a look changed of them. */
export function changedSlices(
  before: ReadonlyMap<string, SliceWatch>,
  after: ReadonlyMap<string, SliceWatch>,
): { readonly written: readonly StateEntry[]; readonly gone: readonly string[] } {
  const changed = [...after].filter(([key, slice]) => before.get(key) !== slice);
  return {
    written: changed.map(([key, slice]) => [SLICE + key, JSON.stringify(slice)]),
    gone: [...before.keys()].filter((key) => !after.has(key)).map((key) => SLICE + key),
  };
}

const HEALTH = 'health';

/** By rule and subject, where the last look at health left it. */
export function readHealth(state: State): ReadonlyMap<string, HysteresisState> {
  return new Map(Object.entries(JSON.parse(state.get(HEALTH) ?? '{}') as Record<string, HysteresisState>));
}

export function healthEntry(states: ReadonlyMap<string, HysteresisState>): StateEntry {
  return [HEALTH, JSON.stringify(Object.fromEntries(states))];
}
