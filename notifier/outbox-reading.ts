import type { State } from '../core/state.js';
import type { DeadLetter, OutboxEntry } from './attempt.js';
import type { ChannelKind } from './config.js';
import { KEYS, type Slot } from './outbox-state.js';

/** Where an alarm stands with each channel, by name of the channel. */
export function outboxOf(
  state: State,
  alarmId: string,
  channels: readonly { readonly name: string; readonly kind: ChannelKind }[],
): readonly OutboxEntry[] {
  const letters = listDeadLetters(state).filter(({ transition }) => transition.alarmId === alarmId);
  const entries: OutboxEntry[] = [];
  for (const [key, value] of state.range(KEYS.allSlots)) {
    if (!key.endsWith(`/${alarmId}`)) continue;
    const channel = key.slice(KEYS.allSlots.length, -alarmId.length - 1);
    const { waiting, attempts, notBeforeMs, told, openAs } = JSON.parse(value) as Slot;
    entries.push({
      ...{ channel, kind: channels.find(({ name }) => name === channel)?.kind },
      ...{ waiting, attempts, nextAtMs: notBeforeMs, told, mayBeOpen: openAs.length > 0 },
      deadLetters: letters.filter((letter) => letter.channel === channel),
    });
  }
  return entries;
}

/** All that were refused, by channel and alarm. */
export function listDeadLetters(state: State): readonly DeadLetter[] {
  return Array.from(state.range(KEYS.allDead), ([, value]) => JSON.parse(value) as DeadLetter);
}
