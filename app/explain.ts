import type { Decision } from '../core/decision.js';
import type { Trajectory } from '../core/trajectory.js';
import type { Verdict } from '../core/verdict.js';
import type { LedgerOutcome, Why, WhyDecision, WhyStep, WhyTrajectory, WhyVerdict } from './api.js';

/** What is known of one trace, from the store. */
export interface TraceRecord {
  readonly trajectory: Trajectory;
  readonly decision: Decision | undefined;
  readonly verdicts: readonly Verdict[];
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
    findings: decision?.findings ?? [],
    ...(decision === undefined ? {} : { decision: toWhyDecision(decision) }),
    verdicts: record.verdicts.map(toWhyVerdict),
  };
}

function toWhyTrajectory(trajectory: Trajectory): WhyTrajectory {
  const { input, output, model, provider, tokens, finishReason, sessionId, userId, error } = trajectory;
  return {
    ...defined({ input, output, model, provider, tokens, finishReason, sessionId, userId, error }),
    durationMs: trajectory.durationMs,
    spanCount: trajectory.spanCount,
    dialects: trajectory.dialects,
    steps: trajectory.steps.map((step): WhyStep => ({
      kind: step.kind,
      name: step.name,
      ...defined({ arguments: step.arguments, result: step.result, error: step.error }),
      durationMs: step.durationMs,
    })),
  };
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

function toWhyVerdict(verdict: Verdict): WhyVerdict {
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
  } = verdict;
  return {
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
    costUsd: verdict.costMicroUsd / 1e6,
    judgedAt: new Date(verdict.judgedAtMs).toISOString(),
  };
}

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** The entries that have a value: an absent field is absent in JSON, not null. */
function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
