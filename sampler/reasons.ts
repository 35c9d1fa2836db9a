import type { DecisionOutcome, Policy, SettledCriterion, Stratum } from '../core/decision.js';
import type { Finding } from '../core/finding.js';
import type { Trajectory } from '../core/trajectory.js';

/** What a reason is told from. */
export interface ReasonInput {
  readonly trajectory: Trajectory;
  /** An excluded trace has the rule's own reason. */
  readonly outcome: Exclude<DecisionOutcome, 'excluded'>;
  readonly stratum: Stratum;
  readonly audit: boolean;
  readonly settled: readonly SettledCriterion[];
  readonly findings: readonly Finding[];
  readonly criteria: readonly string[];
  readonly policy: Policy;
  readonly unreadable: boolean;
}

/** One sentence for `why`. */
export function reasonFor(input: ReasonInput): string {
  switch (input.outcome) {
    case 'settled':
      return settledReason(input);
    case 'abstained':
      return abstainedReason(input);
    case 'selected':
      return `selected: ${because(input)}, ${shareOf(input)}${input.policy.pi[input.stratum] < 1 ? ' and this one was drawn' : ''}`;
    case 'sampled_out':
      return `not selected: ${because(input)}, ${shareOf(input)} and this one was not drawn`;
  }
}

function settledReason({ settled, audit, policy }: ReasonInput): string {
  const list = settled.map(({ criterion, check }) => `${criterion} failed by the check ${check}`).join(', ');
  const audited = audit
    ? `; judged all the same, as ${percent(policy.pi.settled)} of these are, to audit the check`
    : '';
  return `settled: ${list}${audited}`;
}

function abstainedReason({ trajectory, criteria, unreadable }: ReasonInput): string {
  if (unreadable) return "no content: its spans could not be read, and Assay's log says why";
  if (trajectory.hasContent && criteria.length === 0) return 'no criterion: none of the rubrics applies to this trace';
  if (trajectory.dialects.length === 0)
    return 'no content: no span is of a dialect that is understood; to keep such traces out of the rates, name their service or root span in sampler.exclude';
  const remedy = trajectory.contentSwitch ?? 'let the sender record the messages of its model calls';
  return `no content: no span holds message text; ${remedy}`;
}

function because({ stratum, findings }: ReasonInput): string {
  if (stratum !== 'suspected') return stratum;
  const checks = new Set(findings.filter(({ severity }) => severity !== 'note').map(({ check }) => check));
  return `suspected (${[...checks].join(', ')})`;
}

function shareOf({ stratum, policy }: ReasonInput): string {
  const pi = policy.pi[stratum];
  return pi === 1 ? 'all of these are judged' : `${percent(pi)} of these are judged`;
}

/** Three significant digits, such as `8 %` or `0.25 %`. */
function percent(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(3))} %`;
}
