import type { AlarmState, AlarmTransition } from '../core/alarm.js';
import type { State } from '../core/state.js';
import type { DeadLetter } from './attempt.js';
import { isNotice, noticeIdOf, toNotice, toNoticeEnd } from './notice.js';
import { Draft, EMPTY_SLOT, KEYS, type AlarmEntry, type Slot } from './outbox-state.js';
import { begun, notTaken, offer, taken } from './slot-rules.js';

/** What was refused is tried again after so long at the earliest: somebody may have mended the settings. */
const REFUSED_MS = 3_600_000;

/** What the outbox knows of a channel. */
export interface OutboxChannel {
  readonly name: string;
  /** In ms; 0 for never. */
  readonly reassertEveryMs: number;
  readonly reassertedStates: readonly AlarmState[];
  /** Whether the settings want it told that this alarm fires. */
  wants(transition: AlarmTransition): boolean;
}

/** What is to be sent next on one channel, and when it is due. */
export interface AlarmJob {
  readonly type: 'alarm';
  readonly atMs: number;
  /** Since when it waits. */
  readonly sinceMs: number;
  readonly transition: AlarmTransition;
  readonly occasion: 'transition' | 'reassertion';
  readonly slot: Slot;
}

/** How a try ended. `arrived`: whether the receiver may have it all the same. */
export type Result =
  | { readonly outcome: 'taken' }
  | { readonly outcome: 'refused'; readonly reason: string }
  | { readonly outcome: 'again'; readonly reason: string; readonly arrived: boolean; readonly nextAtMs: number };

/** A transition that will not be sent to a channel: a later one says more, or nothing is left to say. */
export interface Superseded {
  readonly channel: string;
  readonly transition: AlarmTransition;
}

/** A job that was tried on a channel. */
export interface Tried {
  readonly channel: string;
  readonly job: AlarmJob;
  readonly nowMs: number;
}

interface NoticeCause {
  readonly channel: string;
  readonly about: AlarmTransition;
  readonly nowMs: number;
}

/**
 * What each channel has to be told yet of each alarm, durable in a `State`. Every change is one atomic write, and what is about
 * to be sent is written down first: a kill at any point leaves a notification that waits, or one that is settled.
 */
export class Outbox {
  readonly #state: State;
  readonly #channels: readonly OutboxChannel[];
  readonly #overdueAfterMs: number;
  /** By channel, the alarms for which something may be due. Found in the state when first asked for. */
  readonly #live = new Map<string, Set<string>>();

  /** @param options.overdueAfterMs - age at which what was tried in vain is told on another channel */
  constructor(state: State, channels: readonly OutboxChannel[], options: { readonly overdueAfterMs: number }) {
    this.#state = state;
    this.#channels = channels;
    this.#overdueAfterMs = options.overdueAfterMs;
  }

  /**
   * Takes a transition in for all channels. One that came before, or that a later one has overtaken, changes nothing; it is
   * written again all the same, so that its being durable can be waited for.
   */
  admit(draft: Draft, transition: AlarmTransition, nowMs: number): readonly Superseded[] {
    const { alarmId } = transition;
    const known = draft.alarm(alarmId);
    if (known !== undefined && known.latest.sequence >= transition.sequence) {
      draft.set(KEYS.alarm(alarmId), known);
      for (const { name } of this.#channels) {
        const slot = draft.slot(name, alarmId);
        if (slot !== undefined) draft.set(KEYS.slot(name, alarmId), slot);
      }
      return [];
    }
    setAlarm(draft, transition, known);
    return this.#channels.flatMap((channel) =>
      this.#offer(draft, { channel: channel.name, about: transition, nowMs }, channel.wants(transition)),
    );
  }

  /** Tells channels that are new of what is open. */
  adopt(draft: Draft, nowMs: number): void {
    for (const [, value] of this.#state.range(KEYS.alarms)) {
      const { latest, firing } = JSON.parse(value) as AlarmEntry;
      if (latest.state === 'resolved' || firing === undefined) continue;
      for (const channel of this.#channels) {
        if (draft.slot(channel.name, latest.alarmId) !== undefined || !channel.wants(firing)) continue;
        if (isNotice(firing) && firing.details['channel'] === channel.name) continue;
        this.#offer(draft, { channel: channel.name, about: firing, nowMs }, true);
      }
    }
  }

  /** What is due first on a channel, or will be; undefined when nothing is left to say. */
  plan(channel: OutboxChannel): AlarmJob | undefined {
    const draft = new Draft(this.#state);
    const live = this.#liveOf(channel.name);
    let first: AlarmJob | undefined;
    for (const alarmId of live) {
      const job = planOf(channel, { slot: draft.slot(channel.name, alarmId), alarm: draft.alarm(alarmId) });
      if (job === 'over') live.delete(alarmId);
      else if (job !== undefined && (first === undefined || isSooner(job, first))) first = job;
    }
    return first;
  }

  /** Writes down that a job is about to be sent: from here on the receiver may have it. */
  begin(draft: Draft, channel: string, { slot, transition }: AlarmJob): Slot {
    const next = begun(slot, transition);
    draft.set(KEYS.slot(channel, transition.alarmId), next);
    return next;
  }

  /** Writes down how it ended, with everything that follows from that. */
  settle(draft: Draft, { channel, job, nowMs }: Tried, result: Result): void {
    const { transition } = job;
    const slot = draft.slot(channel, transition.alarmId) ?? EMPTY_SLOT;
    const cause = { channel, about: transition, nowMs };
    const failed = { transition, openBefore: job.slot.openAs, nowMs };
    switch (result.outcome) {
      case 'taken':
        this.#keep(draft, cause, taken(slot, transition, nowMs));
        return;
      case 'refused': {
        const letter: DeadLetter = { channel, transition, reason: result.reason, atMs: nowMs };
        this.#set(draft, cause, notTaken(slot, { ...failed, arrived: false, nextAtMs: undefined }));
        draft.set(KEYS.dead(letter), letter);
        this.#raiseNotice(draft, cause, { reason: result.reason, isOverdue: false });
        return;
      }
      case 'again': {
        const { arrived, nextAtMs, reason } = result;
        const next = notTaken(slot, { ...failed, arrived, nextAtMs });
        this.#keep(draft, cause, next);
        const waitedMs = nowMs - next.sinceMs;
        if (next.waiting.length === 0 || waitedMs < this.#overdueAfterMs) return;
        const words = `not delivered for ${Math.round(waitedMs / 60_000)} min: ${reason}`;
        this.#raiseNotice(draft, cause, { reason: words, isOverdue: true });
      }
    }
  }

  /** Has a channel tried at once with all that waits for it. */
  retryNow(draft: Draft, channel: string): void {
    for (const alarmId of this.#liveOf(channel)) {
      const slot = draft.slot(channel, alarmId);
      if (slot !== undefined && slot.waiting.length > 0)
        draft.set(KEYS.slot(channel, alarmId), { ...slot, notBeforeMs: 0 });
    }
    draft.set(KEYS.channel(channel), { failures: 0, notBeforeMs: 0 });
  }

  /** How many notifications wait for a channel. */
  waiting(channel: string): number {
    const draft = new Draft(this.#state);
    let count = 0;
    for (const alarmId of this.#liveOf(channel)) count += draft.slot(channel, alarmId)?.waiting.length ?? 0;
    return count;
  }

  #offer(draft: Draft, cause: NoticeCause, wanted: boolean): readonly Superseded[] {
    const { channel, about, nowMs } = cause;
    const known = draft.slot(channel, about.alarmId);
    if (known === undefined && (!wanted || about.state !== 'firing')) return [];
    const { slot, superseded } = offer(known ?? EMPTY_SLOT, about, { wanted, nowMs });
    this.#keep(draft, cause, slot);
    return superseded.map((transition) => ({ channel, transition }));
  }

  /** Where nothing waits any more, nobody has to hear that something does. */
  #keep(draft: Draft, cause: NoticeCause, slot: Slot): void {
    this.#set(draft, cause, slot);
    if (slot.waiting.length > 0 || isNotice(cause.about)) return;
    const notice = draft.alarm(noticeIdOf(cause.channel, cause.about))?.latest;
    if (notice?.state === 'firing') this.admit(draft, toNoticeEnd(notice, cause.nowMs), cause.nowMs);
  }

  #set(draft: Draft, { channel, about }: NoticeCause, slot: Slot): void {
    draft.set(KEYS.slot(channel, about.alarmId), slot);
    this.#liveOf(channel).add(about.alarmId);
  }

  /** Tells the other channels: those that hear of such things, or all when none does. */
  #raiseNotice(draft: Draft, cause: NoticeCause, { reason, isOverdue }: { reason: string; isOverdue: boolean }): void {
    const { channel, about, nowMs } = cause;
    if (isNotice(about)) return;
    const known = draft.alarm(noticeIdOf(channel, about));
    const isTold = known?.latest.state === 'firing';
    if (isTold && (isOverdue || known.latest.details['sequence'] === about.sequence)) return;
    const notice = toNotice({ channel, about, reason, sequence: (known?.latest.sequence ?? 0) + 1, nowMs });
    setAlarm(draft, notice, known);
    const others = this.#channels.filter(({ name }) => name !== channel);
    const willing = others.filter((other) => other.wants(notice));
    for (const { name } of willing.length > 0 ? willing : others)
      this.#offer(draft, { channel: name, about: notice, nowMs }, true);
  }

  #liveOf(channel: string): Set<string> {
    const known = this.#live.get(channel);
    if (known !== undefined) return known;
    const live = new Set<string>();
    const prefix = KEYS.slots(channel);
    for (const [key] of this.#state.range(prefix)) live.add(key.slice(prefix.length));
    this.#live.set(channel, live);
    return live;
  }
}

function setAlarm(draft: Draft, latest: AlarmTransition, known: AlarmEntry | undefined): void {
  const firing = latest.state === 'firing' ? latest : known?.firing;
  draft.set(KEYS.alarm(latest.alarmId), { latest, ...(firing === undefined ? {} : { firing }) });
}

/** Of one alarm: what waits first, else the next re-assertion. `over` when there will be none. */
function planOf(
  channel: OutboxChannel,
  { slot, alarm }: { readonly slot: Slot | undefined; readonly alarm: AlarmEntry | undefined },
): AlarmJob | 'over' | undefined {
  if (slot === undefined) return 'over';
  const [head] = slot.waiting;
  const { notBeforeMs, sinceMs, settledAtMs } = slot;
  if (head !== undefined)
    return { type: 'alarm', atMs: notBeforeMs, sinceMs, transition: head, occasion: 'transition', slot };
  if (alarm === undefined) return 'over';
  const { latest } = alarm;
  const isOver = latest.state === 'resolved';
  if (isOver && slot.openAs.length === 0) return 'over';
  if (!isOver && !isReasserted(channel, slot, latest)) return undefined;
  // What was taken last was settled then; else it was refused. An end that was refused leaves an incident open.
  const wasRefused = slot.told?.atMs !== settledAtMs;
  const everyMs = isOver ? REFUSED_MS : Math.max(channel.reassertEveryMs, wasRefused ? REFUSED_MS : 0);
  const atMs = Math.max(settledAtMs + everyMs, notBeforeMs);
  return { type: 'alarm', atMs, sinceMs: settledAtMs, transition: latest, occasion: 'reassertion', slot };
}

function isReasserted(channel: OutboxChannel, { openAs }: Slot, latest: AlarmTransition): boolean {
  const { reassertEveryMs, reassertedStates } = channel;
  return reassertEveryMs > 0 && reassertedStates.includes(latest.state) && (openAs.length > 0 || channel.wants(latest));
}

function isSooner(a: AlarmJob, b: AlarmJob): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sinceMs < b.sinceMs);
}
