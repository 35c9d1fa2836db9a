import type { AlarmTransition } from '../../core/alarm.js';
import type { NotificationAttempt } from '../../core/notification.js';
import type { TestResult } from '../../notifier/index.js';
import type { AlarmStory } from '../alarms/api.js';
import { count, duration, FREE_TEXT, safeLine, safeText, table, type Paint } from './format.js';

/** Of an id, as much as tells alarms apart; `assay alarms show` takes it. */
const ID_LENGTH = 8;

/** A line an alarm, the newest first. */
export function renderAlarms(alarms: readonly AlarmTransition[], paint: Paint): string {
  if (alarms.length === 0) return 'No alarms.';
  const header = ['id', 'state', 'severity', 'since', 'alarm'].map((name) => paint.dim(name));
  const rows = alarms.map((alarm) => [
    alarm.alarmId.slice(0, ID_LENGTH),
    stateOf(alarm, paint),
    alarm.severity,
    minute(alarm.state === 'resolved' ? alarm.atMs : alarm.startedAtMs),
    safeLine(alarm.summary, paint.columns === undefined ? FREE_TEXT : Math.max(FREE_TEXT, paint.columns - 60)),
  ]);
  const open = alarms.filter(({ state }) => state !== 'resolved').length;
  const summary = `${count(open)} of ${count(alarms.length)} not resolved; assay alarms show ID tells what one rests on`;
  return [table([header, ...rows], new Set()), paint.dim(summary)].join('\n');
}

/** All that is known of one: figures, steps, and whom it was told to. */
export function renderAlarm({ alarm, steps, notifications }: AlarmStory, paint: Paint): string {
  const { subject } = alarm;
  // Of what raised it: its end says little.
  const { details } = steps.findLast(({ state }) => state === 'firing') ?? alarm;
  const about = Object.entries<string>({ ...subject }).filter(([, value]) => value !== '');
  const line = (name: string, value: string): string => `  ${paint.dim(name.padEnd(26))} ${value}`;
  return [
    `${paint.bold(alarm.alarmId)}  ${stateOf(alarm, paint)}  ${alarm.severity}`,
    safeText(alarm.summary),
    '',
    paint.bold('About'),
    ...about.map(([name, value]) => line(name, safeLine(value))),
    line('rule', safeLine(alarm.rule)),
    '',
    paint.bold('Rests on'),
    ...Object.entries(details).map(([name, value]) => line(safeLine(name), safeLine(String(value)))),
    '',
    paint.bold('Steps'),
    ...steps.map((step) => line(minute(step.atMs), `${step.state}: ${safeLine(step.summary, FREE_TEXT)}`)),
    '',
    paint.bold('Told'),
    ...(notifications.length === 0
      ? ['  nobody: no channel of notify.channels wanted it']
      : notifications.map((one) => told(one, line))),
  ].join('\n');
}

/** How a test of a channel went. */
export function renderTest(channel: string, result: TestResult, paint: Paint): string {
  switch (result.status) {
    case 'taken':
      return `${paint.green('taken')}: ${channel} (${result.kind}) took a test alarm and its end`;
    case 'failed':
      return `${paint.red('not taken')}: ${channel} (${result.kind}) did not take the ${result.state} test: ${safeLine(result.reason, FREE_TEXT * 4)}`;
    case 'unknown': {
      const known = result.channels.map(({ name }) => name).join(', ');
      return `expected a channel of notify.channels (${known === '' ? 'there are none' : known}), got ${safeLine(channel)}`;
    }
  }
}

function told(attempt: NotificationAttempt, line: (name: string, value: string) => string): string {
  const { channel, kind, state, occasion, outcome, reason, tookMs } = attempt;
  const why = reason === '' ? '' : `: ${safeLine(reason, FREE_TEXT)}`;
  const again = occasion === 'transition' ? '' : ` (${occasion})`;
  return line(
    minute(attempt.atMs),
    `${safeLine(channel)} (${kind}) ${state}${again} ${outcome} in ${duration(tookMs)}${why}`,
  );
}

function stateOf({ state }: AlarmTransition, paint: Paint): string {
  if (state === 'firing') return paint.red(state);
  return state === 'resolved' ? paint.green(state) : paint.yellow(state);
}

function minute(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
