import type { Decision } from '../core/decision.js';
import type { Feedback } from '../core/feedback.js';
import type { Finding } from '../core/finding.js';
import type { Step, Trajectory } from '../core/trajectory.js';
import type { Verdict, Vote } from '../core/verdict.js';
import type {
  LedgerOutcome,
  Why,
  WhyDecision,
  WhyFeedback,
  WhyFinding,
  WhyStep,
  WhyTrajectory,
  WhyVerdict,
  WhyVote,
} from './api.js';

/** What is known of one trace, from the store. */
export interface TraceRecord {
  readonly trajectory: Trajectory;
  readonly decision: Decision | undefined;
  readonly verdicts: readonly Verdict[];
  readonly feedback: readonly Feedback[];
  readonly outcome: LedgerOutcome;
}

/** The story of one trace in the shape that `assay why --json` promises. */
export function explain(record: TraceRecord): Why {
  const { trajectory, decision } = record;
  return {
    traceId: trajectory.traceId,
    tenant: trajectory.tenant,
    service: trajectory.service,
    release: trajectory.release,
    complete: decision?.complete ?? false,
    version: decision?.version ?? 0,
    outcome: record.outcome,
    trajectory: toWhyTrajectory(trajectory),
    findings: (decision?.findings ?? []).map(toWhyFinding),
    decision: decision === undefined ? null : toWhyDecision(decision),
    verdicts: record.verdicts.map(toWhyVerdict),
    feedback: record.feedback.map(toWhyFeedback),
  };
}

function toWhyFinding(finding: Finding): WhyFinding {
  return { ...finding, spanId: finding.spanId === '' ? null : finding.spanId };
}

function toWhyFeedback(feedback: Feedback): WhyFeedback {
  const { name, score = null, label = null, explanation = null, source, spanId, timeNs } = feedback;
  const at = new Date(Number(timeNs / 1_000_000n)).toISOString();
  return { name, score, label, explanation, source, spanId: spanId === '' ? null : spanId, at };
}

function toWhyTrajectory(trajectory: Trajectory): WhyTrajectory {
  return {
    input: trajectory.input ?? null,
    output: trajectory.output ?? null,
    model: trajectory.model ?? null,
    provider: trajectory.provider ?? null,
    tokens: trajectory.tokens ?? null,
    finishReason: trajectory.finishReason ?? null,
    sessionId: trajectory.sessionId ?? null,
    userId: trajectory.userId ?? null,
    error: trajectory.error ?? null,
    contentSwitch: trajectory.contentSwitch ?? null,
    durationMs: trajectory.durationMs,
    spanCount: trajectory.spanCount,
    dialects: trajectory.dialects,
    steps: trajectory.steps.map(toWhyStep),
  };
}

function toWhyStep(step: Step): WhyStep {
  return {
    kind: step.kind,
    name: step.name,
    arguments: step.arguments ?? null,
    result: resultOf(step),
    error: step.error ?? null,
    durationMs: step.durationMs,
  };
}

/** What came out of a step: its text, or the calls that the model asked for instead. */
function resultOf({ result, toolCalls }: Step): string | null {
  if ((result !== undefined && result.trim() !== '') || toolCalls === undefined || toolCalls.length === 0)
    return result ?? null;
  return toolCalls.map((call) => `${call.name}(${call.arguments})`).join('\n');
}

function toWhyDecision(decision: Decision): WhyDecision {
  const { suspicion, stratum, pi, g, outcome, reason, policyVersion, completeness, settled, audit } = decision;
  return {
    suspicion,
    stratum,
    pi,
    g,
    outcome,
    reason,
    policyVersion,
    completeness,
    settled,
    audit,
    firstSeenAt: new Date(decision.firstSeenMs).toISOString(),
    decidedAt: new Date(decision.decidedAtMs).toISOString(),
    wholeAfterMs: decision.decidedAtMs - decision.firstSeenMs,
  };
}

/** A verdict as `why` and `judge` tell it. */
export function toWhyVerdict(verdict: Verdict): WhyVerdict {
  const {
    criterion,
    outcome,
    confidence,
    votes,
    quotes,
    explanation,
    reason,
    model,
    provider,
    rubricVersion,
    judgeHash,
    fromCache,
    audit,
    byHand,
    disputed,
  } = verdict;
  return {
    criterion,
    outcome,
    confidence,
    votes: votes.map(toWhyVote),
    quotes,
    explanation,
    reason,
    model,
    provider,
    rubricVersion,
    judgeHash,
    fromCache,
    cacheAudit: verdict.cacheAudit === '' ? null : verdict.cacheAudit,
    audit,
    byHand,
    disputed,
    costUsd: verdict.costMicroUsd / 1e6,
    judgedAt: new Date(verdict.judgedAtMs).toISOString(),
  };
}

function toWhyVote({ costMicroUsd, reason, confirms, ...vote }: Vote): WhyVote {
  return { ...vote, reason: reason ?? null, confirms: confirms === true, costUsd: costMicroUsd / 1e6 };
}
