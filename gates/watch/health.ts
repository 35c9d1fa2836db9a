import type { AlarmKind, AlarmSubject, Severity } from '../../core/alarm.js';
import type { JudgeAnswers, PipelineProgress } from '../../core/health.js';
import { createHysteresis, type HysteresisState, type Look } from './hysteresis.js';
import type { Finding } from './regression.js';

/** What a look sees of the instrument and of the pipeline, apart from the agent's quality. */
export interface HealthSight {
  readonly answers: readonly JudgeAnswers[];
  readonly progress: PipelineProgress;
}

/** One thing that was looked at. */
interface Sign {
  readonly rule: string;
  readonly kind: AlarmKind;
  readonly severity: Severity;
  readonly subject: AlarmSubject;
  readonly look: Look;
  readonly summary: string;
  readonly details: Readonly<Record<string, string | number>>;
}

export interface HealthLook {
  /** By rule and subject, what the next look begins from. */
  readonly states: ReadonlyMap<string, HysteresisState>;
  readonly findings: readonly (Finding & { readonly severity: Severity })[];
}

/** Fewer answers of a window say nothing. */
const LEAST_ANSWERS = 20;
/** So many alike are no chance. */
const LEAST_ALIKE = 50;
const ERRORS = { bad: 0.2, good: 0.1 } as const;
const ABSTENTIONS = { bad: 0.5, good: 0.3 } as const;
const SHED = { bad: 0.05, good: 0.01 } as const;
const MINUTE_MS = 60_000;
const SILENT_MS = 30 * MINUTE_MS;
const BEHIND_MS = 30 * MINUTE_MS;
/** Of a day, below which half an hour without a trace is nothing strange. */
const STEADY_DECISIONS = 480;

const FIRE_AFTER_LOOKS = 3;
const QUIET_MS = 10 * MINUTE_MS;

/**
 * Whether the judges err, abstain, say one thing only or ran out of money, and whether traces stopped coming or wait too long. An
 * alarm of these never speaks of the agent's quality, and data that stopped takes none back.
 * @param lookMs - time between two looks
 */
export function lookAtHealth(
  before: ReadonlyMap<string, HysteresisState>,
  sight: HealthSight,
  { nowMs, lookMs }: { readonly nowMs: number; readonly lookMs: number },
): HealthLook {
  const hysteresis = createHysteresis({ fireAfterLooks: FIRE_AFTER_LOOKS, quietMs: QUIET_MS, maxGapMs: 5 * lookMs });
  const states = new Map(before);
  const findings: (Finding & { readonly severity: Severity })[] = [];
  for (const { look, ...sign } of signsOf(sight, nowMs)) {
    const key = JSON.stringify([sign.rule, sign.subject.tenant, sign.subject.criterion]);
    const { state, change } = hysteresis.step(states.get(key) ?? hysteresis.initial, look, nowMs);
    states.set(key, state);
    if (change === 'none') continue;
    findings.push({ ...sign, state: change === 'fires' ? 'firing' : 'resolved', startedAtMs: nowMs });
  }
  return { states, findings };
}

function signsOf({ answers, progress }: HealthSight, nowMs: number): readonly Sign[] {
  return [...answers.flatMap(judgeSigns), silence(progress, nowMs), backlog(progress, nowMs)];
}

function judgeSigns(answers: JudgeAnswers): readonly Sign[] {
  const { tenant, criterion, passed, failed, abstained, errors, shed } = answers;
  const all = passed + failed + abstained + errors + shed;
  const subject = subjectOf(tenant, criterion);
  const details = { passed, failed, abstained, errors, shed };
  const look = (count: number, limits: Limits): Look => (all < LEAST_ANSWERS ? 'unknown' : lookAt(count / all, limits));
  const about = { kind: 'judge_health', subject, details } as const;
  const part = (count: number): string => `${count} of ${all} answers of the last quarter of an hour`;
  return [
    {
      ...{ ...about, rule: 'judge-errors', severity: 'error', look: look(errors, ERRORS) },
      summary: `the judge of ${criterion} fails: ${part(errors)} are errors`,
    },
    {
      ...{ ...about, rule: 'judge-abstains', severity: 'warning', look: look(abstained, ABSTENTIONS) },
      summary: `the judge of ${criterion} abstains: ${part(abstained)} are abstentions`,
    },
    {
      ...{ ...about, rule: 'judge-budget', severity: 'warning', look: look(shed, SHED) },
      summary: `the budget does not reach for ${criterion}: ${part(shed)} were not asked for`,
    },
    oneSided(answers, subject),
  ];
}

/** All failed: no agent is that bad for so long, and a broken judge is. All passed is what a good agent looks like. */
function oneSided({ criterion, passed, failed }: JudgeAnswers, subject: AlarmSubject): Sign {
  const isEnough = passed + failed >= LEAST_ALIKE;
  return {
    ...{ rule: 'judge-one-sided', kind: 'judge_health', severity: 'error', subject },
    look: !isEnough ? 'unknown' : passed === 0 ? 'bad' : 'good',
    summary: `the judge of ${criterion} says fail to everything: ${failed} times in the last quarter of an hour`,
    details: { passed, failed },
  };
}

function silence({ lastDecidedMs, decidedInDay }: PipelineProgress, nowMs: number): Sign {
  const silentMs = lastDecidedMs === null ? 0 : nowMs - lastDecidedMs;
  const isSteady = lastDecidedMs !== null && decidedInDay >= STEADY_DECISIONS;
  return {
    ...{ rule: 'pipeline-silent', kind: 'pipeline_health', severity: 'error', subject: subjectOf('', '') },
    look: lastDecidedMs === null ? 'unknown' : silentMs < SILENT_MS ? 'good' : isSteady ? 'bad' : 'unknown',
    summary: `no trace was decided for ${Math.round(silentMs / MINUTE_MS)} minutes, after ${decidedInDay} in a day`,
    details: { silentMinutes: Math.round(silentMs / MINUTE_MS), decidedInDay },
  };
}

function backlog({ lastDecidedMs, oldestPendingMs }: PipelineProgress, nowMs: number): Sign {
  const waitsMs = oldestPendingMs === null ? 0 : nowMs - oldestPendingMs;
  return {
    ...{ rule: 'judging-behind', kind: 'pipeline_health', severity: 'warning', subject: subjectOf('', '') },
    look: lastDecidedMs === null ? 'unknown' : waitsMs > BEHIND_MS ? 'bad' : 'good',
    summary: `a decided trace waits for its verdict for ${Math.round(waitsMs / MINUTE_MS)} minutes`,
    details: { waitsMinutes: Math.round(waitsMs / MINUTE_MS) },
  };
}

interface Limits {
  readonly bad: number;
  readonly good: number;
}

function lookAt(share: number, { bad, good }: Limits): Look {
  if (share >= bad) return 'bad';
  return share <= good ? 'good' : 'unknown';
}

function subjectOf(tenant: string, criterion: string): AlarmSubject {
  return { tenant, service: '', release: '', environment: '', criterion };
}
