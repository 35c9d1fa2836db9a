import type { AlarmTransition } from '../../core/alarm.js';
import type { TestResult } from '../../notifier/index.js';
import type { AlarmQueries, AlarmStory } from './api.js';

/** The same queries behind a call that crosses a border. */
export function remoteAlarms(call: (method: string, ...args: readonly unknown[]) => Promise<unknown>): AlarmQueries {
  return {
    alarms: async () => (await call('alarms')) as readonly AlarmTransition[],
    alarm: async (idPrefix) => (await call('alarm', idPrefix)) as AlarmStory,
    acknowledgeAlarm: async (alarmId, by) => (await call('acknowledgeAlarm', alarmId, by)) as AlarmTransition,
    testChannel: async (channel) => (await call('testChannel', channel)) as TestResult,
  };
}
