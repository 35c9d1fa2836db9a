/** What became of one try to tell a channel of an alarm. */
export const NOTIFICATION_OUTCOMES = ['sent', 'retry', 'rejected', 'collapsed'] as const;
export type NotificationOutcome = (typeof NOTIFICATION_OUTCOMES)[number];

/**
 * One try to tell one channel of one step of an alarm; `(channel, alarmId, sequence, attempt)` is its natural key.
 * `retry`: it is tried again. `rejected`: the receiver will not take it, whatever is done. `collapsed`: never sent, since a later
 * step made it pointless before the receiver could be reached.
 */
export interface NotificationAttempt {
  /** The name of the channel in the settings. */
  readonly channel: string;
  readonly alarmId: string;
  readonly sequence: number;
  /** 1, 2, 3, … for one step at one channel, re-assertions included; 0 of a step that was never tried. */
  readonly attempt: number;
  readonly outcome: NotificationOutcome;
  /** What was asked of the receiver, in its own words, such as `trigger`. */
  readonly action: string;
  /** Of HTTP; 0 where there was no answer. */
  readonly status: number;
  /** One sentence for anything but `sent`. */
  readonly reason: string;
  /** Bus time in ms. */
  readonly atMs: number;
}
