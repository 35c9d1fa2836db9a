import type { AlarmTransition } from '../../core/alarm.js';
import { PipelineError } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import type { NotificationAttempt } from '../../core/notification.js';
import type { Watch } from '../../gates/index.js';
import type { Attempt, Notifier } from '../../notifier/index.js';
import type { AlarmQueries, AlarmStory } from './api.js';
import type { StoreReader } from '../../store/index.js';

/** What the gate role answers. */
export function alarmCalls({
  watch,
  notifier,
}: {
  readonly watch: Pick<Watch, 'acknowledge'>;
  readonly notifier: Pick<Notifier, 'sendTest'>;
}): Pick<AlarmQueries, 'acknowledgeAlarm' | 'testChannel'> {
  return {
    async acknowledgeAlarm(idPrefix, by) {
      const step = await watch.acknowledge(idPrefix, by);
      if (step !== undefined) return step;
      throw new PipelineError(
        'ALARM_UNKNOWN',
        `expected one alarm that fires and whose id begins with ${idPrefix}, found none or several; assay alarms list shows those that do`,
      );
    },
    testChannel: (channel) => notifier.sendTest(channel),
  };
}

type AlarmReader = Pick<StoreReader, 'currentAlarms' | 'alarmSteps' | 'notificationsOf'>;

/** What the query role answers. */
export function alarmQueries(reader: AlarmReader): Pick<AlarmQueries, 'alarms' | 'alarm'> {
  return {
    alarms: () => reader.currentAlarms(),
    async alarm(idPrefix): Promise<AlarmStory> {
      const steps = await reader.alarmSteps(idPrefix);
      const alarm = requireOne(steps, idPrefix);
      return { alarm, steps, notifications: await reader.notificationsOf(alarm.alarmId) };
    },
  };
}

function requireOne(steps: readonly AlarmTransition[], idPrefix: string): AlarmTransition {
  const ids = new Set(steps.map(({ alarmId }) => alarmId));
  const latest = steps.at(-1);
  if (ids.size === 1 && latest !== undefined) return latest;
  const found = ids.size === 0 ? 'none' : `${ids.size}: ${[...ids].slice(0, 5).join(', ')}`;
  throw new PipelineError(
    'ALARM_UNKNOWN',
    `expected one alarm whose id begins with ${idPrefix}, found ${found}; assay alarms list shows them`,
  );
}

/** Puts a try to tell a channel on the bus, for the store. */
export async function recordAttempt(log: Pick<Log, 'append'>, attempt: Attempt): Promise<void> {
  const { channel, kind, transition, occasion, outcome, reason, tookMs, atMs } = attempt;
  const { alarmId, sequence, state } = transition;
  const place = { channel, kind, alarmId, sequence, state, occasion, attempt: attempt.attempt };
  const row: NotificationAttempt = { ...place, outcome, reason, tookMs, atMs };
  const value = new TextEncoder().encode(JSON.stringify(row));
  await log.append([{ topic: 'notifications', key: alarmId, value }]);
}
