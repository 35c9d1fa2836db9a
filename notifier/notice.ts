import { alarmIdOf } from '../core/alarm-id.js';
import type { AlarmTransition } from '../core/alarm.js';

/** Rule of the notifier's own alarm: a channel does not take what it should be told. */
export const UNDELIVERED = 'undelivered_notification';

/** Whether it is the notifier's own: one that is not delivered makes no further one. */
export function isNotice({ rule }: AlarmTransition): boolean {
  return rule === UNDELIVERED;
}

/** The notice about one alarm at one channel: the same for ever. */
export function noticeIdOf(channel: string, { alarmId, subject }: AlarmTransition): string {
  return alarmIdOf(`${UNDELIVERED}/${channel}/${alarmId}`, subject);
}

export interface NoticeCause {
  readonly channel: string;
  /** What was not delivered. */
  readonly about: AlarmTransition;
  readonly reason: string;
  readonly sequence: number;
  readonly nowMs: number;
}

/** Carries what the alarm itself says, since whoever reads it may not be told of the alarm. */
export function toNotice({ channel, about, reason, sequence, nowMs }: NoticeCause): AlarmTransition {
  return {
    alarmId: noticeIdOf(channel, about),
    sequence,
    state: 'firing',
    kind: 'pipeline_health',
    rule: UNDELIVERED,
    severity: about.severity === 'critical' ? 'critical' : 'error',
    subject: about.subject,
    summary: `Channel ${channel} was not told "${about.state}" of alarm ${about.rule} (${reason}): ${about.summary}`,
    details: { channel, reason, alarm: about.alarmId, rule: about.rule, state: about.state, sequence: about.sequence },
    startedAtMs: nowMs,
    atMs: nowMs,
  };
}

/** The end of a notice. */
export function toNoticeEnd(notice: AlarmTransition, nowMs: number): AlarmTransition {
  return {
    ...notice,
    sequence: notice.sequence + 1,
    state: 'resolved',
    summary: `Nothing of this alarm waits for channel ${String(notice.details['channel'])} any more.`,
    atMs: nowMs,
  };
}
