import type { Decision } from '../core/decision.js';
import type { Evidence, Judgement } from '../core/evidence.js';
import { contentHash } from '../core/keyed-hash.js';
import type { Verdict, VerdictOutcome } from '../core/verdict.js';
import type { Rubric, RubricExample } from './rubric.js';

/** How a rubric's own examples came out. */
export interface RubricTestOutcome {
  /** The criterion. */
  readonly rubric: string;
  readonly results: readonly ExampleOutcome[];
  readonly right: number;
  /** Another answer than the example's, an abstention among them. */
  readonly wrong: number;
  /** No answer: a call failed, a reply could not be used, or there was no model or no money. */
  readonly errors: number;
  readonly costMicroUsd: number;
}

export interface ExampleOutcome {
  /** Name of its file. */
  readonly example: string;
  readonly expected: 'pass' | 'fail' | 'abstain';
  readonly got: VerdictOutcome;
  /** In the judge's words, or why there is no answer. */
  readonly reason: string;
  readonly costMicroUsd: number;
}

/**
 * Has a judge judge the examples of a rubric, one after the other. The judge of an example is not shown that example with its
 * right answer, as all other judges of the rubric are: it could copy it.
 *
 * @param ask - gets the evidence of an example, and the rubric without that example
 */
export async function testRubric(
  rubric: Rubric,
  ask: (evidence: Evidence, rubric: Rubric) => Promise<Verdict>,
): Promise<RubricTestOutcome> {
  const results: ExampleOutcome[] = [];
  let errors = 0;
  let right = 0;
  for (const example of rubric.examples) {
    const verdict = await ask(toEvidence(example), withoutExample(rubric, example));
    if (!isAnswer(verdict)) errors += 1;
    else if (verdict.outcome === example.reply.verdict) right += 1;
    results.push({
      example: example.name,
      expected: example.reply.verdict,
      got: verdict.outcome,
      reason: verdict.explanation === '' ? verdict.reason : verdict.explanation,
      costMicroUsd: verdict.costMicroUsd,
    });
  }
  return {
    ...{ rubric: rubric.criterion, results, right, errors },
    wrong: results.length - right - errors,
    costMicroUsd: results.reduce((sum, { costMicroUsd }) => sum + costMicroUsd, 0),
  };
}

/** Evidence that is of no trace, as a judgement: what a judge is handed by hand in a rubric's test. */
export function toTracelessJudgement(evidence: Evidence, criterion: string, nowMs: number): Judgement {
  const words = { tenant: '', traceId: '', service: '', release: '', environment: '', sessionId: '', userId: '' };
  const decision: Decision = {
    ...words,
    ...{ version: 1, complete: true, completeness: '', spanCount: 0, logCount: 0, rootSpanId: '', spanXor: '' },
    ...{ firstSeenMs: nowMs, lastSeenMs: nowMs, decidedAtMs: nowMs, durationMs: 0 },
    ...{ criteria: [criterion], findings: [], settled: [], suspicion: 0, stratum: 'unsuspected', g: 0, pi: 1 },
    ...{ upstreamWeight: 1, outcome: 'selected', audit: true, reason: 'no trace: an example of a rubric' },
    ...{ policyVersion: 0, tokens: { input: 0, output: 0 }, evidenceTokens: 0, modelCalls: 0, toolCalls: 0 },
  };
  return { decision, criteria: [criterion], evidence, own: false };
}

/** False also for the abstention of a judge without a model. */
function isAnswer({ outcome, votes }: Verdict): boolean {
  return votes.length > 0 && outcome !== 'error' && outcome !== 'shed_budget';
}

function toEvidence({ evidence }: RubricExample): Evidence {
  return { sections: evidence.map(({ section, text }) => ({ title: section, text })), truncated: false };
}

function withoutExample(rubric: Rubric, example: RubricExample): Rubric {
  const examples = rubric.examples.filter((other) => other !== example);
  return { ...rubric, examples, hash: contentHash(rubric.hash, 'without', example.name) };
}
