import type { State } from '../core/state.js';
import type { CallEntry, CallKey, LostCall, ReservedCall } from './call-entry.js';
import { isForgotten, type Reservation, type SpendBudget } from './spend-budget.js';

const CALL = 'call/';
const DONE = 'done/';
const SPENT = 'spent/';

/** What a call needs to be reserved: all but its day, which the budget decides. */
export type CallRequest = Omit<ReservedCall, 'status' | 'day'>;

/**
 * The judge's memory: money is written here before it is spent, and a reply before it is used. Each write carries the call
 * and the day's total together, so a restart finds neither without the other.
 */
export interface Journal {
  /** Takes over the totals and marks what was in flight as lost. */
  open(): Promise<readonly LostCall[]>;
  /** Durable when it resolves to a call. */
  reserve(request: CallRequest): Promise<ReservedCall | (Reservation & { readonly status: 'exhausted' })>;
  /** Durable when it resolves. */
  settle(call: CallEntry & { readonly status: 'replied' | 'failed' }): Promise<void>;
  /** A reservation that no process is waiting for any more. */
  lose(call: ReservedCall): Promise<LostCall>;
  get(key: CallKey): CallEntry | undefined;
  callsOf(evalId: string): readonly CallEntry[];
  isDone(evalId: string): boolean;
  /**
   * Its verdict is on the bus: remembered by name alone from now on.
   * @param alongside - written before, and durable exactly when the end is
   */
  finish(evalId: string, nowMs: number, alongside: readonly (readonly [key: string, value: string])[]): Promise<void>;
  /** Removes the calls, and with them the replies, of these traces; what they cost stays spent. @returns how many calls */
  forget(traceIds: readonly string[]): Promise<number>;
  /** Forgets what finished, or began and never ended, longer ago than the retention, and the totals of days past. */
  sweep(nowMs: number): Promise<void>;
}

export interface JournalDeps {
  readonly state: State;
  readonly budget: SpendBudget;
}

/** A journal in durable state. */
export function createJournal(options: { readonly retentionMs: number }, deps: JournalDeps): Journal {
  const { state, budget } = deps;
  const lose = async (call: ReservedCall): Promise<LostCall> => {
    const lost: LostCall = { ...call, status: 'lost' };
    await state.put([[callKey(call), JSON.stringify(lost)]]);
    return lost;
  };
  return {
    async open() {
      for (const [key, text] of state.range(SPENT)) budget.restore(key.slice(SPENT.length), Number(text));
      const calls = [...state.range(CALL)].map(([, text]) => parse(text));
      return Promise.all(calls.filter((call) => call.status === 'reserved').map(lose));
    },
    async reserve(request) {
      const reservation = budget.reserve(request.reservedMicroUsd, request.beganAtMs);
      if (reservation.status === 'exhausted') return reservation;
      const call: ReservedCall = { ...request, status: 'reserved', day: reservation.day };
      await write(call, deps, () => {
        budget.settle(call.day, call.reservedMicroUsd, 0);
      });
      return call;
    },
    async settle(call) {
      budget.settle(call.day, call.reservedMicroUsd, call.settledMicroUsd);
      await write(call, deps, () => {
        budget.settle(call.day, call.settledMicroUsd, call.reservedMicroUsd);
      });
    },
    lose,
    get(key) {
      const text = state.get(callKey(key));
      return text === undefined ? undefined : parse(text);
    },
    callsOf: (evalId) => callsOf(evalId, state),
    isDone: (evalId) => state.get(`${DONE}${evalId}`) !== undefined,
    async finish(evalId, nowMs, alongside) {
      await state.put([...alongside, [`${DONE}${evalId}`, String(nowMs)]]);
      const keys = callsOf(evalId, state).map(callKey);
      if (keys.length > 0) await state.delete(keys);
    },
    forget: (traceIds) => forget(traceIds, state),
    async sweep(nowMs) {
      const keys = forgettable(state, { nowMs, retentionMs: options.retentionMs });
      if (keys.length > 0) await state.delete(keys);
    },
  };
}

/** Writes a call and its day's total as one; puts the budget back when that fails. */
async function write(call: CallEntry, { state, budget }: JournalDeps, undo: () => void): Promise<void> {
  try {
    await state.put([
      [callKey(call), JSON.stringify(call)],
      [`${SPENT}${call.day}`, String(budget.spentOn(call.day))],
    ]);
  } catch (error) {
    undo();
    throw error;
  }
}

async function forget(traceIds: readonly string[], state: State): Promise<number> {
  const calls = [...state.range(CALL)].filter(([, text]) => traceIds.includes(parse(text).traceId));
  if (calls.length > 0) await state.delete(calls.map(([key]) => key));
  return calls.length;
}

function forgettable(state: State, { nowMs, retentionMs }: { nowMs: number; retentionMs: number }): readonly string[] {
  const keysWhere = (prefix: string, holds: (name: string, text: string) => boolean): readonly string[] =>
    [...state.range(prefix)].filter(([key, text]) => holds(key.slice(prefix.length), text)).map(([key]) => key);
  return [
    ...keysWhere(DONE, (_, at) => Number(at) < nowMs - retentionMs),
    ...keysWhere(SPENT, (day) => isForgotten(day, nowMs)),
    // A kill between the two writes of `finish` leaves calls of finished evaluations behind, a kill during a judgement by hand
    // those of one that never comes again.
    ...keysWhere(CALL, (_, text) => {
      const { evalId, beganAtMs } = parse(text);
      return beganAtMs < nowMs - retentionMs || state.get(`${DONE}${evalId}`) !== undefined;
    }),
  ];
}

function callsOf(evalId: string, state: State): readonly CallEntry[] {
  return [...state.range(`${CALL}${evalId}/`)].map(([, text]) => parse(text));
}

function parse(text: string): CallEntry {
  return JSON.parse(text) as CallEntry;
}

/** Attempts are padded so that a range is in the order of attempts. */
function callKey({ evalId, vote, attempt }: CallKey): string {
  return `${CALL}${evalId}/${vote}/${String(attempt).padStart(6, '0')}`;
}
