import type { Decision } from '../core/decision.js';
import type { Evidence } from '../core/evidence.js';
import type { LogRecord } from '../core/log.js';
import { TENANT_HEADER } from '../core/log.js';
import type { Trajectory } from '../core/trajectory.js';
import type { DueTrace } from './assembly.js';
import { runChecks } from './checks/index.js';
import type { SamplerConfig } from './config.js';
import type { Decider } from './decider.js';
import type { DecidedTrace } from './decided-index.js';
import { encodeJudgement } from './judgement.js';
import type { OpenTrace } from './open-trace.js';
import type { Policies } from './policies.js';
import type { SamplerDeps } from './sampler-deps.js';
import type { SamplerMetrics } from './sampler-metrics.js';
import { toJson } from './to-json.js';
import { samplingSpan, upstreamWeight } from './upstream-weight.js';

/** What deciding one trace puts on the bus and into the index. */
export interface Outcome {
  readonly trace: OpenTrace;
  readonly decision: Decision;
  readonly records: readonly LogRecord[];
  readonly entry: DecidedTrace;
}

export interface OutcomeDeps extends Pick<SamplerDeps, 'readTrajectory' | 'renderEvidence' | 'criteria' | 'logger'> {
  readonly decider: Decider;
  readonly policies: Pick<Policies, 'at'>;
  readonly salt: (tenant: string) => string;
  readonly counts: Pick<SamplerMetrics, 'unreadable'>;
}

const NO_EVIDENCE: Rendered = { evidence: { sections: [], truncated: false }, tokens: 0 };

interface Rendered {
  readonly evidence: Evidence;
  readonly tokens: number;
}

interface ReadTrace {
  readonly trajectory: Trajectory;
  readonly rendered: Rendered;
}

/** Reads a trace for the first time, checks it and decides. The policy is that of its newest record's bus time. */
export function buildOutcome(due: DueTrace, options: SamplerConfig, deps: OutcomeDeps): Outcome {
  const { trace } = due;
  const { trajectory, rendered } = read(trace, deps);
  const decision = deps.decider.decide({
    trajectory,
    version: (trace.earlier?.version ?? 0) + 1,
    complete: due.complete,
    completeness: due.completeness,
    firstSeenMs: Math.min(trace.firstSeenMs, trace.earlier?.firstSeenMs ?? Infinity),
    lastSeenMs: trace.lastSeenMs,
    decidedAtMs: Math.max(due.atMs, trace.lastSeenMs),
    spanCount: trace.spans.size,
    spanXor: trace.spanXor,
    criteria: deps.criteria.filter((rule) => rule.applies(trajectory)).map((rule) => rule.criterion),
    findings: runChecks(trajectory, { ...options, complete: due.complete }),
    upstreamWeight: upstreamWeight(samplingSpan(trace.spans.values())?.traceState ?? ''),
    evidenceTokens: rendered.tokens,
    policy: deps.policies.at(trace.lastSeenMs),
    salt: deps.salt(trace.tenant),
  });
  return { trace, decision, records: toRecords(decision, rendered.evidence), entry: entryOf(trace, decision) };
}

/** The index entry of a trace that holds all spans decided so far. */
export function entryOf(
  trace: OpenTrace,
  decided: Pick<DecidedTrace, 'version' | 'firstSeenMs' | 'decidedAtMs'>,
): DecidedTrace {
  const { version, firstSeenMs, decidedAtMs } = decided;
  const { spanXor, spans } = trace;
  return { version, spanCount: spans.size, spanXor, firstSeenMs, decidedAtMs, hashes: trace.shortHashes() };
}

/** A trace that breaks its reader is decided all the same: it must not hold up the others, nor be missing in the ledger. */
function read(trace: OpenTrace, deps: OutcomeDeps): ReadTrace {
  const { tenant, traceId } = trace;
  try {
    const trajectory = deps.readTrajectory([...trace.spans.values()], { tenant });
    return { trajectory, rendered: trajectory.hasContent ? deps.renderEvidence(trajectory) : NO_EVIDENCE };
  } catch (error) {
    deps.counts.unreadable.add(1);
    deps.logger.error({ error, tenant, traceId }, 'reading a trace failed; it is decided as one without content');
    return { trajectory: unreadable(trace), rendered: NO_EVIDENCE };
  }
}

function unreadable({ tenant, traceId, spans }: OpenTrace): Trajectory {
  const nothing = { service: '', release: '', environment: '', steps: [], tools: [], dialects: [], durationMs: 0 };
  return { tenant, traceId, ...nothing, hasContent: false, spanCount: spans.size };
}

/** The judgement first, so that no decision says `selected` of a trace that no judge was ever given. */
function toRecords(decision: Decision, evidence: Evidence): readonly LogRecord[] {
  const { traceId, tenant } = decision;
  const headers = { [TENANT_HEADER]: tenant };
  const decided = { topic: 'decisions' as const, key: traceId, headers, value: Buffer.from(toJson(decision)) };
  if (decision.outcome !== 'selected' && !decision.audit) return [decided];
  return [{ topic: 'judgements', key: traceId, headers, value: encodeJudgement(decision, evidence) }, decided];
}
