import type { AlarmTransition, Severity } from '../core/alarm.js';
import { collapse, sayable } from './collapse.js';
import type { Slot } from './outbox-state.js';

/** A slot once a transition has come, and what of it and before it will not be sent. */
export interface Offered {
  readonly slot: Slot;
  readonly superseded: readonly AlarmTransition[];
}

/** @param wanted - whether the settings want the channel told of it; what it has open it is told of in any case */
export function offer(slot: Slot, transition: AlarmTransition, place: { wanted: boolean; nowMs: number }): Offered {
  const mayBeOpen = slot.openAs.length > 0;
  const ignored = transition.state === 'firing' && !place.wanted && !mayBeOpen;
  const waiting = ignored ? [] : collapse({ waiting: slot.waiting, mayBeOpen }, transition);
  const isHeadKept = waiting[0] !== undefined && waiting[0] === slot.waiting[0];
  return {
    slot: {
      ...slot,
      waiting,
      attempts: isHeadKept ? slot.attempts : 0,
      sinceMs: slot.waiting.length > 0 ? slot.sinceMs : place.nowMs,
    },
    superseded: [...slot.waiting, transition].filter((one) => !waiting.includes(one)),
  };
}

/** What is about to be sent may be open at the receiver from here on. */
export function begun(slot: Slot, { state, severity }: AlarmTransition): Slot {
  const openAs = state === 'resolved' || slot.openAs.includes(severity) ? slot.openAs : [...slot.openAs, severity];
  return { ...slot, openAs, attempts: slot.attempts + 1 };
}

/** The receiver has it. What came while it was under way still waits. */
export function taken(slot: Slot, transition: AlarmTransition, nowMs: number): Slot {
  const { sequence, state, severity } = transition;
  const openAs: readonly Severity[] = state === 'resolved' ? [] : [severity];
  const waiting = slot.waiting.filter((one) => one.sequence !== sequence);
  return {
    waiting: sayable({ waiting, mayBeOpen: openAs.length > 0 }),
    openAs,
    told: { sequence, state, atMs: nowMs },
    ...{ attempts: 0, notBeforeMs: 0, sinceMs: nowMs, settledAtMs: nowMs },
  };
}

export interface NotTaken {
  readonly transition: AlarmTransition;
  /** What the receiver may have had open before this try. */
  readonly openBefore: readonly Severity[];
  /** Whether the receiver may have it all the same. */
  readonly arrived: boolean;
  /** When it is tried again; undefined when it never is. */
  readonly nextAtMs: number | undefined;
  readonly nowMs: number;
}

/** The receiver does not have it, as far as is known. */
export function notTaken(slot: Slot, { transition, openBefore, arrived, nextAtMs, nowMs }: NotTaken): Slot {
  const { sequence, severity, state } = transition;
  const isOpenStill = arrived || state === 'resolved' || openBefore.includes(severity);
  const openAs = isOpenStill ? slot.openAs : slot.openAs.filter((one) => one !== severity);
  const left = nextAtMs === undefined ? slot.waiting.filter((one) => one.sequence !== sequence) : slot.waiting;
  const waiting = sayable({ waiting: left, mayBeOpen: openAs.length > 0 });
  if (nextAtMs !== undefined) return { ...slot, waiting, openAs, notBeforeMs: nextAtMs };
  return { ...slot, waiting, openAs, attempts: 0, notBeforeMs: 0, settledAtMs: nowMs };
}
