import type { AdversarialCase } from '../core/adversarial-case.js';
import type { AlarmTransition } from '../core/alarm.js';
import type { Decision, Policy } from '../core/decision.js';
import type { Label } from '../core/label.js';
import type { NotificationAttempt } from '../core/notification.js';
import type { Spend, Verdict } from '../core/verdict.js';

/** A row of an `assay_*` table: JSON values by column. */
export type Row = Readonly<Record<string, unknown>>;

/** Row of `assay_decisions`. */
export function toDecisionRow(decision: Decision): Row {
  const { findings, settled } = decision;
  return {
    tenant: decision.tenant,
    trace_id: decision.traceId,
    version: decision.version,
    service: decision.service,
    release: decision.release,
    environment: decision.environment,
    session_id: decision.sessionId,
    user_id: decision.userId,
    complete: decision.complete,
    completeness: decision.completeness,
    first_seen_at: dateTime(decision.firstSeenMs),
    last_seen_at: dateTime(decision.lastSeenMs),
    decided_at: dateTime(decision.decidedAtMs),
    span_count: decision.spanCount,
    log_count: decision.logCount,
    root_span_id: decision.rootSpanId,
    span_xor: decision.spanXor,
    criteria: decision.criteria,
    'findings.check': findings.map((finding) => finding.check),
    'findings.severity': findings.map((finding) => finding.severity),
    'findings.message': findings.map((finding) => finding.message),
    'findings.span_id': findings.map((finding) => finding.spanId),
    'findings.fails': findings.map((finding) => finding.fails ?? []),
    'settled.criterion': settled.map((item) => item.criterion),
    'settled.outcome': settled.map((item) => item.outcome),
    'settled.check': settled.map((item) => item.check),
    suspicion: decision.suspicion,
    stratum: decision.stratum,
    g: decision.g,
    pi: decision.pi,
    upstream_weight: decision.upstreamWeight,
    outcome: decision.outcome,
    audit: decision.audit,
    reason: decision.reason,
    policy_version: decision.policyVersion,
    duration_ms: decision.durationMs,
    input_tokens: count(decision.tokens.input),
    output_tokens: count(decision.tokens.output),
    evidence_tokens: count(decision.evidenceTokens),
    model_calls: decision.modelCalls,
    tool_calls: decision.toolCalls,
  };
}

/** Row of `assay_verdicts`. */
export function toVerdictRow(verdict: Verdict): Row {
  return {
    eval_id: verdict.evalId,
    tenant: verdict.tenant,
    trace_id: verdict.traceId,
    version: verdict.version,
    span_id: verdict.spanId,
    criterion: verdict.criterion,
    outcome: verdict.outcome,
    confidence: verdict.confidence,
    votes: JSON.stringify(verdict.votes),
    quotes: verdict.quotes,
    explanation: verdict.explanation,
    reason: verdict.reason,
    rubric_version: verdict.rubricVersion,
    judge_hash: verdict.judgeHash,
    model: verdict.model,
    provider: verdict.provider,
    from_cache: verdict.fromCache,
    cache_audit: verdict.cacheAudit,
    audit: verdict.audit,
    by_hand: verdict.byHand,
    disputed: verdict.disputed,
    cost_micro_usd: verdict.costMicroUsd,
    input_tokens: count(verdict.inputTokens),
    output_tokens: count(verdict.outputTokens),
    latency_ms: verdict.latencyMs,
    pi: verdict.pi,
    stratum: verdict.stratum,
    service: verdict.service,
    release: verdict.release,
    decided_at: dateTime(verdict.decidedAtMs),
    judged_at: dateTime(verdict.judgedAtMs),
  };
}

/** Row of `assay_spend`. */
export function toSpendRow(spend: Spend): Row {
  return {
    call_id: spend.callId,
    eval_id: spend.evalId,
    tenant: spend.tenant,
    trace_id: spend.traceId,
    provider: spend.provider,
    model: spend.model,
    status: spend.status,
    reserved_micro_usd: spend.reservedMicroUsd,
    settled_micro_usd: spend.settledMicroUsd,
    price_version: spend.priceVersion,
    at: dateTime(spend.atMs),
  };
}

/** Row of `assay_labels`. */
export function toLabelRow(label: Label): Row {
  return {
    label_id: label.labelId,
    tenant: label.tenant,
    trace_id: label.traceId,
    version: label.version,
    criterion: label.criterion,
    value: label.value,
    source: label.source,
    queue: label.queue,
    annotator: label.annotator,
    comment: label.comment,
    labelled_at: dateTime(label.labelledAtMs),
  };
}

/** Row of `assay_policies`. */
export function toPolicyRow(policy: Policy): Row {
  return {
    version: policy.version,
    effective_from: dateTime(policy.effectiveFromMs),
    pi: policy.pi,
    reason: policy.reason,
  };
}

/** Row of `assay_alarms`. */
export function toAlarmRow({ subject, details, ...alarm }: AlarmTransition): Row {
  return {
    alarm_id: alarm.alarmId,
    sequence: alarm.sequence,
    state: alarm.state,
    kind: alarm.kind,
    rule: alarm.rule,
    severity: alarm.severity,
    ...subject,
    summary: alarm.summary,
    details: Object.fromEntries(Object.entries(details).map(([name, value]) => [name, String(value)])),
    started_at: dateTime(alarm.startedAtMs),
    at: dateTime(alarm.atMs),
  };
}

/** Row of `assay_adversarial`. */
export function toCaseRow({ caseId, traceId, addedBy, addedAtMs, ...one }: AdversarialCase): Row {
  return { case_id: caseId, trace_id: traceId, added_by: addedBy, ...one, added_at: dateTime(addedAtMs) };
}

/** Row of `assay_outbox`. */
export function toNotificationRow({ alarmId, tookMs, atMs, ...attempt }: NotificationAttempt): Row {
  return { alarm_id: alarmId, took_ms: tookMs, ...attempt, at: dateTime(atMs) };
}

/** Seconds with three decimals, which DateTime64(3) reads whatever the time zone; of ten digits, as it takes others for dates. */
function dateTime(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  return `${String(Math.floor(whole / 1_000)).padStart(10, '0')}.${String(whole % 1_000).padStart(3, '0')}`;
}

/** An unsigned whole number of what an emitter may have sent as anything. */
function count(value: number): number {
  return Math.min(Math.max(0, Math.round(value)), Number.MAX_SAFE_INTEGER);
}
