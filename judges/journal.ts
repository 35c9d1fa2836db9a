import type { Clock } from '../core/clock.js';
import type { State, StateEntry } from '../core/state.js';
import type { BudgetShares } from './budget-shares.js';
import { chargeOf, type CallEntry, type CallKey, type LostCall, type ReservedCall } from './call-entry.js';
import type { DoneEvaluation, JournalEntry } from './journal-entry.js';
import type { Reservation } from './spend-budget.js';

const CALL = 'call/';
const DONE = 'done/';
/** How far `journal` was read, by partition. */
const LEARNT = 'learnt/';
/** Between two looks whether another judge's call has ended. */
const LOOK_MS = 250;

/** What a call needs to be reserved: all but its day, which the budget decides. */
export type CallRequest = Omit<ReservedCall, 'status' | 'day'>;
/** A call whose end is known. */
export type EndedCall = Exclude<CallEntry, ReservedCall>;

/**
 * The judge's memory: money is written here before it is spent, and a reply before it is used. Each write carries the call
 * and the day's total together, so a restart finds neither without the other.
 *
 * Where several judges read the same topic each entry is told on `journal` too, and whoever takes up a partition absorbs what
 * was told in it. To absorb an entry again changes nothing, nor does it to absorb what this judge has told itself.
 */
export interface Journal {
  /** For the only judge: marks what was in flight as lost. */
  open(): Promise<readonly LostCall[]>;
  /** Durable when it resolves to a call. */
  reserve(request: CallRequest): Promise<ReservedCall | (Reservation & { readonly status: 'exhausted' })>;
  /** Durable when it resolves. */
  settle(call: CallEntry & { readonly status: 'replied' | 'failed' }): Promise<void>;
  /**
   * What an earlier process, or another, has bought. A call that is still in flight there is waited for as long as it may take;
   * one that nobody waits for any more is lost.
   * @throws the reason of `ended`
   */
  recall(key: CallKey, ended: AbortSignal): Promise<EndedCall | undefined>;
  callsOf(evalId: string): readonly CallEntry[];
  isDone(evalId: string): boolean;
  /**
   * Its verdict is on the bus: remembered by name alone from now on.
   * @param alongside - written before, and durable exactly when the end is
   */
  finish(done: Omit<DoneEvaluation, 'calls'>, alongside: readonly StateEntry[]): Promise<void>;
  /** Removes the calls, and with them the replies, of these traces; what they cost stays spent. @returns how many calls */
  forget(traceIds: readonly string[]): Promise<number>;
  /** Forgets what finished, or began and never ended, longer ago than the retention, and the totals of days past. */
  sweep(nowMs: number): Promise<void>;
  /** The offset in `journal` up to which it has absorbed this partition. */
  learntUpTo(partition: number): number;
  /** Entries of a partition in their order, and the offset after them. Durable when it resolves. */
  absorb(
    entries: readonly JournalEntry[],
    upTo: { readonly partition: number; readonly offset: number },
  ): Promise<void>;
  /** Calls of judges that are gone: begun in one of these partitions longer ago than a call takes, and not ended. */
  loseOrphans(partitions: ReadonlySet<number>): Promise<readonly LostCall[]>;
}

export interface JournalDeps {
  readonly state: State;
  readonly budgets: BudgetShares;
  readonly clock: Clock;
  /** Where several judges are: resolves when whoever comes after this one will know. */
  readonly tell?: (entry: JournalEntry) => Promise<void>;
}

export interface JournalOptions {
  readonly retentionMs: number;
  /** How long another judge's call may be in flight; 0 for the only judge. */
  readonly patienceMs: number;
}

/** A journal in durable state. */
export class StateJournal implements Journal {
  /** Calls between their reservation and their end here, by key. What is told of them is no news. */
  readonly #own = new Set<string>();

  constructor(
    private readonly options: JournalOptions,
    private readonly deps: JournalDeps,
  ) {}

  async open(): Promise<readonly LostCall[]> {
    return Promise.all(this.#calls().flatMap((call) => (call.status === 'reserved' ? [this.#lose(call)] : [])));
  }

  async reserve(request: CallRequest): Promise<ReservedCall | (Reservation & { readonly status: 'exhausted' })> {
    const budget = this.deps.budgets.of(request.partition);
    const reservation = budget.reserve(request.reservedMicroUsd, request.beganAtMs);
    if (reservation.status === 'exhausted') return reservation;
    const call: ReservedCall = { ...request, status: 'reserved', day: reservation.day };
    this.#own.add(callKey(call));
    try {
      await this.#tell({ kind: 'call', call });
      await this.#write(call);
    } catch (error) {
      budget.settle(call.day, call.reservedMicroUsd, 0);
      this.#own.delete(callKey(call));
      throw error;
    }
    return call;
  }

  async settle(call: CallEntry & { readonly status: 'replied' | 'failed' }): Promise<void> {
    const budget = this.deps.budgets.of(call.partition);
    budget.settle(call.day, call.reservedMicroUsd, call.settledMicroUsd);
    try {
      await this.#write(call);
    } catch (error) {
      budget.settle(call.day, call.settledMicroUsd, call.reservedMicroUsd);
      throw error;
    }
    this.#own.delete(callKey(call));
    await this.#tell({ kind: 'call', call });
  }

  async recall(key: CallKey, ended: AbortSignal): Promise<EndedCall | undefined> {
    const { clock } = this.deps;
    for (;;) {
      const call = this.#get(key);
      if (call?.status !== 'reserved') return call;
      // One evaluation is in work once at a time: of its own calls nobody waits for any.
      const isOwn = this.#own.delete(callKey(key));
      if (isOwn || clock.nowMs() - call.beganAtMs >= this.options.patienceMs) return this.#lose(call);
      await clock.sleep(LOOK_MS, ended);
      ended.throwIfAborted();
    }
  }

  callsOf(evalId: string): readonly CallEntry[] {
    return this.#calls(`${evalId}/`);
  }

  isDone(evalId: string): boolean {
    return this.deps.state.get(`${DONE}${evalId}`) !== undefined;
  }

  async finish(done: Omit<DoneEvaluation, 'calls'>, alongside: readonly StateEntry[]): Promise<void> {
    const calls = this.callsOf(done.evalId);
    await this.#tell({ kind: 'done', done: { ...done, calls: calls.map(withoutReply) } });
    await this.deps.state.put([...alongside, [`${DONE}${done.evalId}`, String(done.atMs)]]);
    if (calls.length > 0) await this.deps.state.delete(calls.map(callKey));
  }

  async forget(traceIds: readonly string[]): Promise<number> {
    const keys = this.#calls().flatMap((call) => (traceIds.includes(call.traceId) ? [callKey(call)] : []));
    if (keys.length > 0) await this.deps.state.delete(keys);
    return keys.length;
  }

  async sweep(nowMs: number): Promise<void> {
    const { state, budgets } = this.deps;
    const before = nowMs - this.options.retentionMs;
    const keys = [
      ...[...state.range(DONE)].flatMap(([key, at]) => (Number(at) < before ? [key] : [])),
      ...budgets.outdatedKeys(nowMs),
      // A kill between the two writes of `finish` leaves calls of finished evaluations behind, a kill during a judgement by hand
      // those of one that never comes again.
      ...this.#calls().flatMap((call) => (call.beganAtMs < before || this.isDone(call.evalId) ? [callKey(call)] : [])),
    ];
    if (keys.length > 0) await state.delete(keys);
  }

  learntUpTo(partition: number): number {
    return Number(this.deps.state.get(`${LEARNT}${partition}`) ?? 0);
  }

  async absorb(entries: readonly JournalEntry[], upTo: { partition: number; offset: number }): Promise<void> {
    const { state } = this.deps;
    // Each is seen by the next before it is durable.
    const writes = entries.map((entry) =>
      entry.kind === 'call' ? this.#absorbCall(entry.call, upTo) : this.#absorbDone(entry.done, upTo),
    );
    await Promise.all(writes);
    await state.put([[`${LEARNT}${upTo.partition}`, String(upTo.offset)]]);
  }

  async loseOrphans(partitions: ReadonlySet<number>): Promise<readonly LostCall[]> {
    const before = this.deps.clock.nowMs() - this.options.patienceMs;
    const orphans = this.#calls().flatMap((call) => {
      const isOrphan = call.status === 'reserved' && partitions.has(call.partition) && call.beganAtMs < before;
      return isOrphan && !this.#own.has(callKey(call)) ? [call] : [];
    });
    return Promise.all(orphans.map((call) => this.#lose(call)));
  }

  async #absorbCall(told: CallEntry, { partition }: { partition: number }): Promise<void> {
    const call = { ...told, partition };
    if (this.isDone(call.evalId) || this.#own.has(callKey(call))) return;
    const known = this.#get(call);
    // The first end that was told of stands.
    if (known !== undefined && (known.status !== 'reserved' || call.status === 'reserved')) return;
    this.deps.budgets.of(partition).settle(call.day, chargeOf(known), chargeOf(call));
    await this.#write(call);
  }

  async #absorbDone({ evalId, atMs, calls }: DoneEvaluation, { partition }: { partition: number }): Promise<void> {
    const { state, budgets } = this.deps;
    if (this.isDone(evalId)) return;
    for (const call of calls) budgets.of(partition).settle(call.day, chargeOf(this.#get(call)), chargeOf(call));
    const days = [...new Set(calls.map(({ day }) => day))];
    const keys = this.callsOf(evalId).map(callKey);
    const written = state.put([
      ...days.map((day) => budgets.entryOf(partition, day)),
      [`${DONE}${evalId}`, String(atMs)],
    ]);
    await Promise.all([written, ...(keys.length > 0 ? [state.delete(keys)] : [])]);
  }

  async #lose(call: ReservedCall): Promise<LostCall> {
    const lost: LostCall = { ...call, status: 'lost' };
    await this.#tell({ kind: 'call', call: lost });
    await this.deps.state.put([[callKey(call), JSON.stringify(lost)]]);
    return lost;
  }

  /** A call and its day's total as one. */
  #write(call: CallEntry): Promise<void> {
    const { state, budgets } = this.deps;
    return state.put([[callKey(call), JSON.stringify(call)], budgets.entryOf(call.partition, call.day)]);
  }

  async #tell(entry: JournalEntry): Promise<void> {
    await this.deps.tell?.(entry);
  }

  #get(key: CallKey): CallEntry | undefined {
    const text = this.deps.state.get(callKey(key));
    return text === undefined ? undefined : parse(text);
  }

  #calls(prefix = ''): readonly CallEntry[] {
    return [...this.deps.state.range(`${CALL}${prefix}`)].map(([, text]) => parse(text));
  }
}

function parse(text: string): CallEntry {
  // Written by a version before there were several judges: that of the only one.
  return { partition: 0, ...(JSON.parse(text) as object) } as CallEntry;
}

function withoutReply(call: CallEntry): CallEntry {
  return call.status === 'replied' ? { ...call, reply: { ...call.reply, value: null } } : call;
}

/** Attempts are padded so that a range is in the order of attempts. */
function callKey({ evalId, vote, attempt }: CallKey): string {
  return `${CALL}${evalId}/${vote}/${String(attempt).padStart(6, '0')}`;
}
