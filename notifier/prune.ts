import type { State } from '../core/state.js';
import type { DeadLetter } from './attempt.js';
import { KEYS, type AlarmEntry, type ReleaseEntry, type Slot } from './outbox-state.js';

const KEPT_MS = 90 * 86_400_000;

/** Removes what ended 90 days ago: alarms that are resolved and of which nothing waits, dead letters, releases. */
export async function prune(state: State, nowMs: number): Promise<void> {
  const beforeMs = nowMs - KEPT_MS;
  const busy = new Set<string>();
  const slots: [key: string, alarmId: string][] = [];
  for (const [key, value] of state.range(KEYS.allSlots)) {
    const alarmId = key.slice(key.lastIndexOf('/') + 1);
    slots.push([key, alarmId]);
    if ((JSON.parse(value) as Slot).waiting.length > 0) busy.add(alarmId);
  }
  const over = new Set<string>();
  for (const [, value] of state.range(KEYS.alarms)) {
    const { latest } = JSON.parse(value) as AlarmEntry;
    if (latest.state === 'resolved' && latest.atMs < beforeMs && !busy.has(latest.alarmId)) over.add(latest.alarmId);
  }
  const gone = [...over].map((alarmId) => KEYS.alarm(alarmId));
  for (const [key, alarmId] of slots) if (over.has(alarmId)) gone.push(key);
  for (const [key, value] of state.range(KEYS.allDead))
    if ((JSON.parse(value) as DeadLetter).atMs < beforeMs) gone.push(key);
  for (const [key, value] of state.range(KEYS.allReleases)) {
    const { waits, sinceMs } = JSON.parse(value) as ReleaseEntry;
    if (!waits && sinceMs < beforeMs) gone.push(key);
  }
  if (gone.length > 0) await state.delete(gone);
}
