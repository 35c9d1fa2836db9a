/**
 * What an alarm speaks of. The first two are of the agent's quality; the others never page as quality, and never resolve it.
 * `regression`: a release fails more often than its baseline. `floor`: the adversarial set passes less often than it must.
 * `judge_health`: the instrument itself errs, abstains or says one thing only. `pipeline_health`: data is late, lost or absent.
 */
export const ALARM_KINDS = ['regression', 'floor', 'judge_health', 'pipeline_health'] as const;
export type AlarmKind = (typeof ALARM_KINDS)[number];

export const ALARM_STATES = ['firing', 'acknowledged', 'resolved'] as const;
export type AlarmState = (typeof ALARM_STATES)[number];

/** PagerDuty's words, from the most urgent on. */
export const SEVERITIES = ['critical', 'error', 'warning', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What an alarm is about; a part that does not narrow it is empty. With the rule this is its whole identity. */
export interface AlarmSubject {
  readonly tenant: string;
  readonly service: string;
  readonly release: string;
  readonly environment: string;
  readonly criterion: string;
}

/** One step in the life of an alarm. Written once: `(alarmId, sequence)` is its natural key. */
export interface AlarmTransition {
  /** Hash of rule and subject, never of a value or a time: the deduplication key at every receiver. At most 64 characters. */
  readonly alarmId: string;
  /** 1, 2, 3, … through the life of the alarm, over all its incidents. */
  readonly sequence: number;
  readonly state: AlarmState;
  readonly kind: AlarmKind;
  /** Name of the rule, such as `regression`. */
  readonly rule: string;
  readonly severity: Severity;
  readonly subject: AlarmSubject;
  /** One sentence for whoever is woken by it. Plain text that may quote what a trace holds: a sender escapes it. */
  readonly summary: string;
  /** Figures and words behind it, by name, such as `evidence` and `threshold`. */
  readonly details: Readonly<Record<string, string | number>>;
  /** When the incident began, as far as it is known: the change point of a regression. Bus time in ms. */
  readonly startedAtMs: number;
  /** When this step was taken. Bus time in ms. */
  readonly atMs: number;
}
