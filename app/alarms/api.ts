import type { AlarmTransition } from '../../core/alarm.js';
import type { NotificationAttempt } from '../../core/notification.js';
import type { TestResult } from '../../notifier/index.js';

/** The answer of `assay alarms show --json`. */
export interface AlarmStory {
  /** Its latest step. */
  readonly alarm: AlarmTransition;
  /** From the first on, over all its incidents. */
  readonly steps: readonly AlarmTransition[];
  /** Every try to tell a channel of it, in order of time. */
  readonly notifications: readonly NotificationAttempt[];
}

/** What may be asked of alarms. */
export interface AlarmQueries {
  /** The latest step of every alarm, the newest first. */
  alarms(): Promise<readonly AlarmTransition[]>;
  /** @throws {PipelineError} ALARM_UNKNOWN when none, or more than one, has an id that begins so */
  alarm(idPrefix: string): Promise<AlarmStory>;
  /**
   * Somebody has seen it: channels that know such a thing are told.
   * @throws {PipelineError} ALARM_UNKNOWN when no such alarm fires, or more than one has an id that begins so
   */
  acknowledgeAlarm(idPrefix: string, by: string): Promise<AlarmTransition>;
  /** Sends a test and its end to one channel of the settings. */
  testChannel(channel: string): Promise<TestResult>;
}
