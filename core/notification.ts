/**
 * How a try to tell a channel of an alarm ended. `again`: not taken, will be tried again. `refused`: will not be taken, whatever is
 * done. `superseded`: never sent, since a later step says more, or since nothing was left to say.
 */
export const NOTIFICATION_OUTCOMES = ['taken', 'again', 'refused', 'superseded'] as const;
export type NotificationOutcome = (typeof NOTIFICATION_OUTCOMES)[number];

/** One try to tell one channel of one step of an alarm; `(channel, alarmId, sequence, occasion, attempt)` is its natural key. */
export interface NotificationAttempt {
  /** The name of the channel in the settings, and of what kind it is. */
  readonly channel: string;
  readonly kind: string;
  readonly alarmId: string;
  readonly sequence: number;
  readonly state: string;
  /** Why it was told: a new step, one that still holds, or a person's test. */
  readonly occasion: string;
  /** 1 for the first; 0 for what was never sent. */
  readonly attempt: number;
  readonly outcome: NotificationOutcome;
  /** Why it was not taken, in words; empty when it was. */
  readonly reason: string;
  readonly tookMs: number;
  /** Bus time in ms. */
  readonly atMs: number;
}
