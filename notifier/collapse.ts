import type { AlarmTransition } from '../core/alarm.js';

/** What waits for one channel of one alarm, and what the channel may hold of it. */
export interface Queue {
  /** In sending order. */
  readonly waiting: readonly AlarmTransition[];
  /** Whether the receiver has the alarm open, or may have: a request of which nothing is known counts. */
  readonly mayBeOpen: boolean;
}

/**
 * What is still worth saying once `next` has happened. At most a resolve, a firing and its acknowledgement wait:
 *
 * - a later firing takes the place of one that waits, with its acknowledgement;
 * - a resolve takes away the firing that waits, and is itself said only to a receiver that may have the alarm open;
 * - a resolve that waits stays, also when the alarm fires again: the receiver then sees two incidents, and was told of both.
 *
 * Acknowledgements go after the firing that they are about, since a receiver cannot acknowledge what it does not have.
 */
export function collapse({ waiting, mayBeOpen }: Queue, next: AlarmTransition): readonly AlarmTransition[] {
  const resolvedAt = waiting.findIndex(({ state }) => state === 'resolved');
  const resolve = waiting.slice(0, resolvedAt + 1).slice(-1);
  const behind = waiting.slice(resolvedAt + 1);
  const firing = behind.filter(({ state }) => state === 'firing');
  switch (next.state) {
    case 'firing':
      return sayable({ waiting: [...resolve, next], mayBeOpen });
    case 'acknowledged':
      return sayable({
        waiting: [...resolve, ...firing, ...(resolve.length > firing.length ? [] : [next])],
        mayBeOpen,
      });
    case 'resolved':
      return sayable({ waiting: resolve.length > 0 ? resolve : [next], mayBeOpen });
  }
}

/** Without what leads nowhere: a receiver that has nothing open cannot acknowledge or resolve it. */
export function sayable({ waiting, mayBeOpen }: Queue): readonly AlarmTransition[] {
  if (mayBeOpen) return waiting;
  const first = waiting.findIndex(({ state }) => state === 'firing');
  return first === -1 ? [] : waiting.slice(first);
}
