import type { AlarmTransition } from '../core/alarm.js';
import type { ChannelKind } from './config.js';

/** Why a channel is told. `reassertion`: the alarm is still firing, and nothing new is to be said. */
export type Occasion = 'transition' | 'reassertion' | 'test';

/**
 * How an attempt ended. `again`: not taken, will be tried again. `refused`: will not be taken, and is a dead letter.
 * `superseded`: never sent, since a later transition says more, or since there was nothing left to say.
 */
export const ATTEMPT_OUTCOMES = ['taken', 'again', 'refused', 'superseded'] as const;
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

/** One try to tell one channel of one transition. */
export interface Attempt {
  readonly channel: string;
  readonly kind: ChannelKind;
  readonly transition: AlarmTransition;
  readonly occasion: Occasion;
  /** 1 for the first of this notification; 0 for what was never sent. */
  readonly attempt: number;
  readonly atMs: number;
  readonly tookMs: number;
  readonly outcome: AttemptOutcome;
  /** Why it was not taken, in words, without secrets; empty when it was. */
  readonly reason: string;
  /** When it is tried again; only after `again`. */
  readonly nextAtMs?: number;
}

/** A notification that its receiver will not take. */
export interface DeadLetter {
  readonly channel: string;
  readonly transition: AlarmTransition;
  readonly reason: string;
  readonly atMs: number;
}

/** Where one alarm stands with one channel. */
export interface OutboxEntry {
  readonly channel: string;
  /** Undefined when the settings no longer name the channel: what waits for it waits. */
  readonly kind: ChannelKind | undefined;
  /** Not taken yet, in the order in which it will be sent. */
  readonly waiting: readonly AlarmTransition[];
  /** Tries of the first of them so far. */
  readonly attempts: number;
  /** When the next try is due at the earliest. */
  readonly nextAtMs: number;
  /** What the receiver took last. */
  readonly told: Told | undefined;
  /** Whether the receiver has the alarm open, or may have. */
  readonly mayBeOpen: boolean;
  readonly deadLetters: readonly DeadLetter[];
}

export interface Told {
  readonly sequence: number;
  readonly state: AlarmTransition['state'];
  readonly atMs: number;
}

/** A release that began to take traffic. Its key is all of it but `atMs` and `summary`. */
export interface Release {
  readonly tenant: string;
  readonly service: string;
  readonly release: string;
  readonly environment: string;
  /** One sentence; it may hold what a trace holds. */
  readonly summary: string;
  /** When it was first seen. Bus time in ms. */
  readonly atMs: number;
}
