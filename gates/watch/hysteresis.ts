/**
 * What one look at a metric saw. `unknown`: not enough data to say, or none at all.
 * Over the threshold is `bad`; a rule with a second, milder threshold calls what lies between the two `unknown`.
 */
export type Look = 'good' | 'bad' | 'unknown';

export interface HysteresisOptions {
  /** Looks in a row that must be bad before it fires; integer >= 1. */
  readonly fireAfterLooks: number;
  /** How long it must have been good before it resolves. */
  readonly quietMs: number;
  /** Longest time between two looks that still belong together: what lies between later ones is time without data. */
  readonly maxGapMs: number;
}

/** Plain data, to be kept between looks and over restarts. */
export interface HysteresisState {
  readonly isFiring: boolean;
  /** Bad looks in a row. */
  readonly badLooks: number;
  /** Time that was seen to be good since the last bad look. */
  readonly quietForMs: number;
  /** The last look that saw data; undefined before the first, and after one that saw none. */
  readonly last?: { readonly look: 'good' | 'bad'; readonly atMs: number };
}

/** What a look leads to. */
export interface HysteresisStep {
  readonly state: HysteresisState;
  readonly change: 'fires' | 'resolves' | 'none';
}

/** Decides, look by look, when an alarm fires and when it resolves. Pure: the caller keeps the state. */
export interface Hysteresis {
  readonly initial: HysteresisState;
  /** @param atMs - bus time, never before that of the last look */
  step(state: HysteresisState, look: Look, atMs: number): HysteresisStep;
}

const INITIAL: HysteresisState = { isFiring: false, badLooks: 0, quietForMs: 0 };

/**
 * Keeps an alarm from flapping: it fires after so many bad looks in a row, and resolves once so much good time was seen.
 * Good time is only what lies between two good looks in a row. So while data has stopped, or nobody looks, it neither fires
 * nor resolves, and a gap is not counted when data comes back.
 *
 * @throws {RangeError} when an option is out of its range
 */
export function createHysteresis({ fireAfterLooks, quietMs, maxGapMs }: HysteresisOptions): Hysteresis {
  if (!Number.isInteger(fireAfterLooks) || fireAfterLooks < 1)
    throw new RangeError(`expected fireAfterLooks to be an integer of at least 1, got ${fireAfterLooks}`);
  if (!(quietMs >= 0)) throw new RangeError(`expected quietMs to be at least 0, got ${quietMs}`);
  if (!(maxGapMs > 0)) throw new RangeError(`expected maxGapMs to be more than 0, got ${maxGapMs}`);
  return {
    initial: INITIAL,
    step(state, look, atMs) {
      if (look === 'unknown') return { state: withoutLast(state), change: 'none' };
      const sinceMs = state.last === undefined ? Infinity : atMs - state.last.atMs;
      const follows = sinceMs <= maxGapMs;
      const last = { look, atMs };
      if (look === 'bad') {
        const badLooks = follows && state.last?.look === 'bad' ? state.badLooks + 1 : 1;
        const fires = !state.isFiring && badLooks >= fireAfterLooks;
        return {
          state: { isFiring: state.isFiring || fires, badLooks, quietForMs: 0, last },
          change: fires ? 'fires' : 'none',
        };
      }
      const seenMs = follows && state.last?.look === 'good' ? Math.max(0, sinceMs) : 0;
      const quietForMs = state.quietForMs + seenMs;
      const resolves = state.isFiring && quietForMs >= quietMs;
      return {
        state: { isFiring: state.isFiring && !resolves, badLooks: 0, quietForMs: resolves ? 0 : quietForMs, last },
        change: resolves ? 'resolves' : 'none',
      };
    },
  };
}

function withoutLast({ isFiring, badLooks, quietForMs }: HysteresisState): HysteresisState {
  return { isFiring, badLooks, quietForMs };
}
