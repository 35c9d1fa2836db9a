import type { Decision } from '../core/decision.js';
import type { Evidence } from '../core/evidence.js';
import { joinLogEvents } from '../core/join-log-events.js';
import type { LogRecord } from '../core/log.js';
import { TENANT_HEADER } from '../core/log.js';
import type { Span } from '../core/span.js';
import type { Trajectory } from '../core/trajectory.js';
import type { DueTrace } from './assembly.js';
import { runChecks } from './checks/index.js';
import type { SamplerConfig } from './config.js';
import type { Decider, LedgerFacts } from './decider.js';
import type { DecidedTrace } from './decided-index.js';
import { excludedAsFeedback, excludedAsHealthCheck, excludedByRule } from './exclude/index.js';
import { encodeJudgement } from './judgement.js';
import type { OpenTrace } from './open-trace.js';
import { outlineOf } from './outline.js';
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

const NO_EVIDENCE: Evidence = { sections: [], truncated: false };

/** The spans of one trace, and of them the root, else the one that started first. */
interface Spans {
  readonly spans: readonly Span[];
  readonly root: Span;
}

/** Reads a trace for the first time, checks it and decides. The policy is that of its newest record's bus time. */
export function buildOutcome(due: DueTrace, options: SamplerConfig, deps: OutcomeDeps): Outcome {
  const { trace } = due;
  const held = spansOf(trace);
  const { decision, evidence } = decide({ due, held, options, deps });
  return { trace, decision, records: toRecords(decision, evidence, held.spans), entry: entryOf(trace, decision) };
}

/** The index entry of a trace that holds all that was counted so far. */
export function entryOf(
  trace: OpenTrace,
  decided: Pick<DecidedTrace, 'version' | 'firstSeenMs' | 'decidedAtMs'>,
): DecidedTrace {
  const { version, firstSeenMs, decidedAtMs } = decided;
  const { spanXor, spans, logs } = trace;
  const counted = { spanCount: spans.size, logCount: logs.size, spanXor, hashes: trace.shortHashes() };
  return { version, ...counted, firstSeenMs, decidedAtMs };
}

function spansOf({ spans: byId }: OpenTrace): Spans {
  const spans = [...byId.values()];
  const root = samplingSpan(spans);
  if (root === undefined) throw new Error('expected a trace with spans to decide, got log events alone');
  return { spans, root };
}

interface Deciding {
  readonly due: DueTrace;
  readonly held: Spans;
  readonly options: SamplerConfig;
  readonly deps: OutcomeDeps;
}

interface Decided {
  readonly decision: Decision;
  readonly evidence: Evidence;
}

/** Rules that need no trajectory come first: what they exclude is never read. */
function decide({ due, held, options, deps }: Deciding): Decided {
  const { tenant } = due.trace;
  const facts = (trajectory: Trajectory): LedgerFacts => factsOf({ due, held, options, deps }, trajectory);
  const excluded = excludedByRule(held.spans, held.root, options.exclude);
  if (excluded !== undefined) {
    const outline = outlineOf(held.spans, held.root, tenant);
    return { decision: deps.decider.exclude(facts(outline), excluded), evidence: NO_EVIDENCE };
  }
  const { trajectory, evidence, tokens, unreadable } = read(due.trace, held, deps);
  const noRun = unreadable
    ? undefined
    : (excludedAsFeedback(trajectory) ?? excludedAsHealthCheck(held.root, trajectory, options.exclude));
  if (noRun !== undefined) return { decision: deps.decider.exclude(facts(trajectory), noRun), evidence: NO_EVIDENCE };
  const decision = deps.decider.decide({
    ...facts(trajectory),
    criteria: deps.criteria.filter((rule) => rule.applies(trajectory)).map((rule) => rule.criterion),
    findings: runChecks(trajectory, { ...options, complete: due.complete }),
    evidenceTokens: tokens,
    salt: deps.salt(tenant),
    unreadable,
  });
  return { decision, evidence };
}

function factsOf({ due, held, deps }: Deciding, trajectory: Trajectory): LedgerFacts {
  const { trace } = due;
  return {
    trajectory,
    version: (trace.earlier?.version ?? 0) + 1,
    complete: due.complete,
    completeness: due.completeness,
    firstSeenMs: Math.min(trace.firstSeenMs, trace.earlier?.firstSeenMs ?? Infinity),
    lastSeenMs: trace.lastSeenMs,
    decidedAtMs: Math.max(due.atMs, trace.lastSeenMs),
    spanCount: trace.spans.size,
    logCount: trace.logs.size,
    rootSpanId: held.root.spanId,
    spanXor: trace.spanXor,
    upstreamWeight: upstreamWeight(held.root.traceState),
    policy: deps.policies.at(trace.lastSeenMs),
  };
}

interface ReadTrace {
  readonly trajectory: Trajectory;
  readonly evidence: Evidence;
  readonly tokens: number;
  readonly unreadable: boolean;
}

/** A trace that breaks its reader is decided all the same: it must not hold up the others, nor be missing in the ledger. */
function read(trace: OpenTrace, { spans, root }: Spans, deps: OutcomeDeps): ReadTrace {
  const { tenant, traceId } = trace;
  try {
    const trajectory = deps.readTrajectory(joinLogEvents(spans, [...trace.logs.values()]), { tenant });
    const rendered = trajectory.hasContent ? deps.renderEvidence(trajectory) : { evidence: NO_EVIDENCE, tokens: 0 };
    return { trajectory, ...rendered, unreadable: false };
  } catch (error) {
    deps.counts.unreadable.add(1);
    deps.logger.error({ error, tenant, traceId }, 'reading a trace failed; it is decided as one without content');
    return { trajectory: outlineOf(spans, root, tenant), evidence: NO_EVIDENCE, tokens: 0, unreadable: true };
  }
}

/** The judgement first, so that no decision says `selected` of a trace that no judge was ever given. */
function toRecords(decision: Decision, evidence: Evidence, spans: readonly Span[]): readonly LogRecord[] {
  const { traceId, tenant } = decision;
  const headers = { [TENANT_HEADER]: tenant };
  const decided = { topic: 'decisions' as const, key: traceId, headers, value: Buffer.from(toJson(decision)) };
  if (decision.outcome !== 'selected' && !decision.audit) return [decided];
  return [{ topic: 'judgements', key: traceId, headers, value: encodeJudgement(decision, evidence, spans) }, decided];
}
