import { ALARM_KINDS, ALARM_STATES, SEVERITIES, type AlarmTransition } from '../core/alarm.js';
import { NOTIFICATION_OUTCOMES, type NotificationAttempt } from '../core/notification.js';
import type { StoreConnection } from './connection.js';

const STEP_COLUMNS = `alarm_id AS alarmId, sequence, state, kind, rule, severity, tenant, service, release, environment,
  criterion, summary, details, toUnixTimestamp64Milli(started_at) AS startedAtMs, toUnixTimestamp64Milli(at) AS atMs`;
const ATTEMPT_COLUMNS = `channel, kind, alarm_id AS alarmId, sequence, state, occasion, attempt, outcome, reason,
  took_ms AS tookMs, toUnixTimestamp64Milli(at) AS atMs`;

type StepRow = Omit<AlarmTransition, 'subject'> & AlarmTransition['subject'];

/** The latest step of every alarm, the newest first; figures in `details` are texts by now. */
export async function currentAlarms(connection: StoreConnection): Promise<readonly AlarmTransition[]> {
  const rows = await connection.rows<StepRow>(
    `SELECT ${STEP_COLUMNS} FROM assay_alarms_current ORDER BY at DESC, alarm_id`,
  );
  return rows.map(toStep);
}

/** All steps of the alarms whose id begins so, in their order. */
export async function alarmSteps(connection: StoreConnection, idPrefix: string): Promise<readonly AlarmTransition[]> {
  const rows = await connection.rows<StepRow>(
    `SELECT ${STEP_COLUMNS} FROM assay_alarms_unique WHERE startsWith(alarm_id, {id: String}) ORDER BY alarm_id, sequence`,
    { id: idPrefix },
  );
  return rows.map(toStep);
}

/** Every try to tell of an alarm, in order of time. */
export async function notificationsOf(
  connection: StoreConnection,
  alarmId: string,
): Promise<readonly NotificationAttempt[]> {
  const rows = await connection.rows<NotificationAttempt>(
    `SELECT ${ATTEMPT_COLUMNS} FROM assay_outbox_unique WHERE alarm_id = {id: String} ORDER BY at, channel, sequence, attempt`,
    { id: alarmId },
  );
  return rows.map((row) => ({ ...row, outcome: oneOf(NOTIFICATION_OUTCOMES, row.outcome) }));
}

function toStep({ tenant, service, release, environment, criterion, ...row }: StepRow): AlarmTransition {
  return {
    ...row,
    state: oneOf(ALARM_STATES, row.state),
    kind: oneOf(ALARM_KINDS, row.kind),
    severity: oneOf(SEVERITIES, row.severity),
    subject: { tenant, service, release, environment, criterion },
  };
}

function oneOf<Name extends string>(names: readonly Name[], name: string): Name {
  const known = names.find((each) => each === name);
  if (known === undefined) throw new Error(`expected one of ${names.join(', ')} in the store, got ${name}`);
  return known;
}
