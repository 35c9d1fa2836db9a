import type { AlarmState, AlarmTransition, Severity } from '../../core/alarm.js';
import type { Secret } from '../../core/secret.js';
import type { Occasion, Release } from '../attempt.js';

/** What one channel is to be told. */
export interface Notification {
  readonly transition: AlarmTransition;
  readonly occasion: Occasion;
  /** Every severity under which the receiver has the alarm open, or may have. */
  readonly openAs: readonly Severity[];
  /** When it is sent. */
  readonly nowMs: number;
}

/** One POST of JSON. */
export interface Message {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * One kind of receiver: knows what to post, and posts nothing itself. The same notification makes the same message under
 * the same key, so that a receiver that is told twice has one incident.
 */
export interface Sender {
  /** Shortest time between two requests, in ms. */
  readonly paceMs: number;
  /** How often an open alarm is told again, in ms; 0 for never. */
  readonly reassertEveryMs: number;
  /** States in which it is. */
  readonly reassertedStates: readonly AlarmState[];
  /** Hidden in whatever the receiver answers. */
  readonly secrets: readonly Secret[];
  tell(notification: Notification): Message;
  /** Left out by receivers that hear nothing of releases. */
  tellRelease?(release: Release): Message;
}

export const JSON_HEADERS = { 'content-type': 'application/json' } as const;

export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** An endpoint below a base URL, whose own path and query are kept. */
export function below(base: string, path: string): string {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}${path}`;
  return url.href;
}
