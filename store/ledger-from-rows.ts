import type { Decision, DecisionOutcome, SettledCriterion, Stratum } from '../core/decision.js';
import type { Finding, Severity } from '../core/finding.js';
import type { Verdict, VerdictOutcome } from '../core/verdict.js';
import { votesSchema } from './ledger-records.js';

/** Times as ms since the Unix epoch beside all columns of `assay_decisions`. */
export const DECISION_COLUMNS = `*, toUnixTimestamp64Milli(first_seen_at) AS firstSeenMs,
  toUnixTimestamp64Milli(last_seen_at) AS lastSeenMs, toUnixTimestamp64Milli(decided_at) AS decidedAtMs`;

/** Times as ms since the Unix epoch beside all columns of `assay_verdicts`. */
export const VERDICT_COLUMNS = `*, toUnixTimestamp64Milli(decided_at) AS decidedAtMs, toUnixTimestamp64Milli(judged_at) AS judgedAtMs`;

/** A row of `SELECT DECISION_COLUMNS FROM assay_decisions_…`. */
export interface StoredDecision {
  readonly tenant: string;
  readonly trace_id: string;
  readonly version: number;
  readonly service: string;
  readonly release: string;
  readonly environment: string;
  readonly session_id: string;
  readonly user_id: string;
  readonly complete: boolean;
  readonly completeness: string;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly decidedAtMs: number;
  readonly span_count: number;
  readonly log_count: number;
  readonly root_span_id: string;
  readonly span_xor: string;
  readonly criteria: readonly string[];
  readonly 'findings.check': readonly string[];
  readonly 'findings.severity': readonly Severity[];
  readonly 'findings.message': readonly string[];
  readonly 'findings.span_id': readonly string[];
  readonly 'findings.fails': readonly (readonly string[])[];
  readonly 'settled.criterion': readonly string[];
  readonly 'settled.outcome': readonly SettledCriterion['outcome'][];
  readonly 'settled.check': readonly string[];
  readonly suspicion: number;
  readonly stratum: Stratum;
  readonly g: number;
  readonly pi: number;
  readonly upstream_weight: number;
  readonly outcome: DecisionOutcome;
  readonly audit: boolean;
  readonly reason: string;
  readonly policy_version: number;
  readonly duration_ms: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly evidence_tokens: number;
  readonly model_calls: number;
  readonly tool_calls: number;
}

/** The decision as it was made. */
export function toDecision(row: StoredDecision): Decision {
  return {
    tenant: row.tenant,
    traceId: row.trace_id,
    version: row.version,
    service: row.service,
    release: row.release,
    environment: row.environment,
    sessionId: row.session_id,
    userId: row.user_id,
    complete: row.complete,
    completeness: row.completeness,
    firstSeenMs: row.firstSeenMs,
    lastSeenMs: row.lastSeenMs,
    decidedAtMs: row.decidedAtMs,
    spanCount: row.span_count,
    logCount: row.log_count,
    rootSpanId: row.root_span_id,
    spanXor: row.span_xor,
    criteria: row.criteria,
    findings: toFindings(row),
    settled: row['settled.criterion'].map((criterion, index) => ({
      criterion,
      outcome: row['settled.outcome'][index]!,
      check: row['settled.check'][index]!,
    })),
    suspicion: row.suspicion,
    stratum: row.stratum,
    g: row.g,
    pi: row.pi,
    upstreamWeight: row.upstream_weight,
    outcome: row.outcome,
    audit: row.audit,
    reason: row.reason,
    policyVersion: row.policy_version,
    durationMs: row.duration_ms,
    tokens: { input: row.input_tokens, output: row.output_tokens },
    evidenceTokens: row.evidence_tokens,
    modelCalls: row.model_calls,
    toolCalls: row.tool_calls,
  };
}

function toFindings(row: StoredDecision): Finding[] {
  return row['findings.check'].map((check, index) => {
    const fails = row['findings.fails'][index]!;
    return {
      check,
      severity: row['findings.severity'][index]!,
      message: row['findings.message'][index]!,
      spanId: row['findings.span_id'][index]!,
      ...(fails.length === 0 ? {} : { fails }),
    };
  });
}

/** A row of `SELECT VERDICT_COLUMNS FROM assay_verdicts_unique`. */
export interface StoredVerdict {
  readonly eval_id: string;
  readonly tenant: string;
  readonly trace_id: string;
  readonly version: number;
  readonly span_id: string;
  readonly criterion: string;
  readonly outcome: VerdictOutcome;
  readonly confidence: number;
  readonly votes: string;
  readonly quotes: readonly string[];
  readonly explanation: string;
  readonly reason: string;
  readonly rubric_version: string;
  readonly judge_hash: string;
  readonly model: string;
  readonly provider: string;
  readonly from_cache: boolean;
  readonly cache_audit: Verdict['cacheAudit'];
  readonly audit: boolean;
  readonly by_hand: boolean;
  readonly disputed: boolean;
  readonly cost_micro_usd: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly latency_ms: number;
  readonly pi: number;
  readonly stratum: Stratum;
  readonly service: string;
  readonly release: string;
  readonly decidedAtMs: number;
  readonly judgedAtMs: number;
}

/** The verdict as it was reached. */
export function toVerdict(row: StoredVerdict): Verdict {
  return {
    evalId: row.eval_id,
    tenant: row.tenant,
    traceId: row.trace_id,
    version: row.version,
    spanId: row.span_id,
    criterion: row.criterion,
    outcome: row.outcome,
    confidence: row.confidence,
    votes: votesSchema.parse(JSON.parse(row.votes)),
    quotes: row.quotes,
    explanation: row.explanation,
    reason: row.reason,
    rubricVersion: row.rubric_version,
    judgeHash: row.judge_hash,
    model: row.model,
    provider: row.provider,
    fromCache: row.from_cache,
    cacheAudit: row.cache_audit,
    audit: row.audit,
    byHand: row.by_hand,
    disputed: row.disputed,
    costMicroUsd: row.cost_micro_usd,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    latencyMs: row.latency_ms,
    pi: row.pi,
    stratum: row.stratum,
    service: row.service,
    release: row.release,
    decidedAtMs: row.decidedAtMs,
    judgedAtMs: row.judgedAtMs,
  };
}
