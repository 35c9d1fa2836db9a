import { createLmdbState } from '../../bus/index.js';
import { alarmIdOf } from '../../core/alarm-id.js';
import type { AlarmState } from '../../core/alarm.js';
import { systemClock } from '../../core/clock.js';
import { armFaultPoint } from '../../core/fault-points.js';
import { silentLogger } from '../../core/logger.js';
import { noMetrics } from '../../core/metrics.js';
import { createNotifier, notifierConfig } from '../../notifier/index.js';

/**
 * A gate that raises one alarm, acknowledges it and takes it back, each once the last is out. Arguments: `<directory> <url>`, of
 * its state and of a PagerDuty. Run again, it hands on again all that it did before. Prints each state when it is out.
 * FAULT_POINT in the environment arms one.
 */
const never = new AbortController().signal;
const [directory = '', url = ''] = process.argv.slice(2);
const SUBJECT = {
  tenant: 'default',
  service: 'booking-agent',
  release: '1.5.0',
  environment: 'prod',
  criterion: 'task',
};
const STORY: readonly AlarmState[] = ['firing', 'acknowledged', 'resolved'];

const fault = process.env['FAULT_POINT'];
if (fault !== undefined) armFaultPoint(fault);
const state = createLmdbState({ directory, name: 'gate' });
await state.start(never);
const channels = { pager: { kind: 'pagerduty', routingKey: 'a1b2c3d4e5f60718293a4b5c6d7e8f90', url } };
const notifier = createNotifier(notifierConfig.parse({ channels, backoffMs: 20, maxBackoffMs: 100 }), {
  ...{ state, fetch, clock: systemClock, random: Math.random, logger: silentLogger, metrics: noMetrics },
  record: async () => undefined,
});
await notifier.start(never);
const alarmId = alarmIdOf('regression', SUBJECT);
for (const [at, step] of STORY.entries()) {
  await notifier.notify({
    ...{ alarmId, sequence: at + 1, state: step, kind: 'regression', rule: 'regression', severity: 'error' },
    ...{ subject: SUBJECT, summary: 'Release 1.5.0 fails more often.', details: {} },
    ...{ startedAtMs: Date.now(), atMs: Date.now() },
  });
  while (notifier.outboxOf(alarmId).some(({ waiting }) => waiting.length > 0)) await systemClock.sleep(5);
  process.stdout.write(`${step}\n`);
}
await notifier.stop(never);
await state.stop(never);
