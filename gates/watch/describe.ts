import type { AlarmSubject, AlarmTransition } from '../../core/alarm.js';
import { evidence } from '../detector.js';
import type { HeldAgainst, Incident } from './slice-watch.js';
import { nameOf, percent, round } from './words.js';

type Tested = Pick<Incident, 'test' | 'detector'>;

export const REGRESSION_RULE = 'regression';

/** What an alarm of a release that became worse says, in a sentence and in figures. */
export function describeRegression(
  subject: AlarmSubject,
  against: HeldAgainst,
  { detector, test }: Tested,
): Pick<AlarmTransition, 'summary' | 'details' | 'startedAtMs'> {
  const { logEvidence, logThreshold, changePointMs, failRate, leading } = evidence(detector);
  const baseline = against.baselines[test];
  const startedAtMs = changePointMs ?? detector.untilMs ?? 0;
  const now = failRate === null ? 'an unknown share' : percent(failRate);
  const versus = against.release === subject.release ? 'before' : `in ${against.release}`;
  const shares = Object.entries(leading.byStratum).map(([stratum, gain]) => [`evidence from ${stratum}`, round(gain)]);
  return {
    summary: `${nameOf(subject)} fails ${subject.criterion}${test === 'checks' ? ' by its checks' : ''} in ${now} of its traces since ${toUtc(startedAtMs)}, ${percent(baseline.failRate)} ${versus}`,
    details: {
      seenBy: test === 'checks' ? 'what checks failed' : 'checks and judges',
      failRate: failRate === null ? 'unknown' : round(failRate),
      baselineFailRate: round(baseline.failRate),
      baselineRelease: against.release,
      baselineTraces: baseline.traces,
      tolerated: round(baseline.nullRate),
      evidence: round(logEvidence),
      threshold: round(logThreshold),
      tracesSinceChange: Math.round(leading.weight),
      changeBetOn: leading.change,
      ...(Object.fromEntries(shares) as Record<string, number>),
    },
    startedAtMs,
  };
}

/** What its end says. */
export function describeRecovery(
  subject: AlarmSubject,
  against: HeldAgainst,
  { detector, test }: Tested,
): Pick<AlarmTransition, 'summary' | 'details'> {
  const { logEvidence } = evidence(detector);
  return {
    summary: `${subject.service} fails ${subject.criterion} about as rarely as ${against.release} did again: the alarm on ${subject.release} is taken back`,
    details: { evidence: round(logEvidence), baselineFailRate: round(against.baselines[test].failRate) },
  };
}

function toUtc(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
