import type { Finding } from '../../core/finding.js';
import type { Trajectory } from '../../core/trajectory.js';
import { abandonedCall } from './abandoned-call.js';
import { brokenArguments } from './broken-arguments.js';
import { stepBudget, tokenBudget } from './budgets.js';
import { callFacts } from './call-facts.js';
import type { Check, CheckOptions, Facts } from './check.js';
import { emptyOutput } from './empty-output.js';
import { finishReason } from './finish-reason.js';
import { manyCalls } from './many-calls.js';
import { quote } from './quote.js';
import { repeatedCalls } from './repeated-calls.js';
import { rootError } from './root-error.js';
import { toolSchema } from './tool-schema.js';
import { unhandledError } from './unhandled-error.js';
import { unknownTool } from './unknown-tool.js';

export type { CheckOptions } from './check.js';

/** Every check. A new one is one file and one line here. */
export const CHECKS: readonly Check[] = [
  rootError,
  brokenArguments,
  toolSchema,
  unknownTool,
  emptyOutput,
  finishReason,
  repeatedCalls,
  unhandledError,
  abandonedCall,
  stepBudget,
  tokenBudget,
  manyCalls,
];

/** The criteria that a finding which settles has failed. */
export const SETTLED_CRITERIA: readonly string[] = ['task-completion'];

/** Of one check and trace; the last one says how many more there were. */
const MAX_FINDINGS = 5;

const WEIGHTS: ReadonlyMap<string, number> = new Map(CHECKS.map(({ name, weight }) => [name, weight]));

/**
 * Runs every check on a trajectory. Never throws: a check that breaks on a trace says so in a note.
 *
 * @param options.complete - false when the trace may have gone on unseen; nothing is settled then
 */
export function runChecks(
  trajectory: Trajectory,
  options: CheckOptions & { readonly complete: boolean },
): readonly Finding[] {
  const facts: Facts = { trajectory, calls: callFacts(trajectory), complete: options.complete };
  return CHECKS.flatMap((check) => runCheck(check, facts, options));
}

/** 1 - Π(1 - weight) over the checks that found something suspicious; 1 when one settled a criterion. In [0, 1]. */
export function suspicionOf(findings: readonly Finding[]): number {
  if (findings.some(({ severity }) => severity === 'settles')) return 1;
  const checks = new Set(findings.filter(({ severity }) => severity === 'suspicious').map(({ check }) => check));
  let trust = 1;
  for (const check of checks) trust *= 1 - (WEIGHTS.get(check) ?? 0);
  return 1 - trust;
}

function runCheck(check: Check, facts: Facts, options: CheckOptions): readonly Finding[] {
  try {
    const reports = check.run(facts, options).map((report) => {
      const fails = report.severity === 'settles' ? { fails: SETTLED_CRITERIA } : {};
      return { check: check.name, ...report, ...fails };
    });
    return reports.length > MAX_FINDINGS ? cap(reports) : reports;
  } catch (error) {
    const message = `the check ${check.name} could not read this trace: ${quote(String(error))}`;
    return [{ check: check.name, severity: 'note', message, spanId: '' }];
  }
}

/** The gravest are kept. */
function cap(findings: readonly Finding[]): readonly Finding[] {
  const order = ['settles', 'suspicious', 'note'];
  const kept = findings
    .toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
    .slice(0, MAX_FINDINGS);
  const last = kept.at(-1)!;
  const more = findings.length - MAX_FINDINGS;
  return [...kept.slice(0, -1), { ...last, message: `${last.message} (and ${more} more of this kind)` }];
}
