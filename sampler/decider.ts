import type { Decision, DecisionOutcome, Policy, SettledCriterion, Stratum } from '../core/decision.js';
import type { Finding } from '../core/finding.js';
import { keyedUniform } from '../core/keyed-hash.js';
import type { Trajectory } from '../core/trajectory.js';
import { suspicionOf } from './checks/index.js';
import type { SamplerConfig } from './config.js';
import { reasonFor } from './reasons.js';

/** Characters that are kept of each name that a sender gives itself. */
const MAX_NAME_LENGTH = 256;

/** What selection needs of a trace: little enough to be asked millions of times. */
export interface SelectionInput {
  readonly traceId: string;
  readonly stratum: Stratum;
  readonly policy: Policy;
  /** Of the tenant. */
  readonly salt: string;
}

export interface Selection {
  /** Inclusion probability for the estimate: 1 for `settled`, whose outcome is known without a judge. */
  readonly pi: number;
  readonly selected: boolean;
  /** Settled, and judged all the same. */
  readonly audit: boolean;
}

/** What stratum a trace is in follows from this. */
export interface StratumInput {
  readonly complete: boolean;
  readonly suspicion: number;
  readonly criteria: readonly string[];
  readonly settled: readonly SettledCriterion[];
}

/** What every decision says of its trace, however it was come to. */
export interface LedgerFacts {
  readonly trajectory: Trajectory;
  readonly version: number;
  readonly complete: boolean;
  readonly completeness: string;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly decidedAtMs: number;
  readonly spanCount: number;
  readonly logCount: number;
  readonly rootSpanId: string;
  readonly spanXor: string;
  readonly upstreamWeight: number;
  readonly policy: Policy;
}

/** Everything that a decision follows from. */
export interface DecisionInput extends LedgerFacts {
  readonly criteria: readonly string[];
  readonly findings: readonly Finding[];
  readonly evidenceTokens: number;
  readonly salt: string;
  /** Its spans broke the reader: what the trajectory says is an outline. */
  readonly unreadable?: boolean;
}

/** The sampler's own decisions as a pure function: the same input is always decided alike, on every replica. */
export interface Decider {
  chooseStratum(input: StratumInput): Stratum;
  select(input: SelectionInput): Selection;
  decide(input: DecisionInput): Decision;
  /** @param because - the admission rule that keeps it out, as a clause */
  exclude(facts: LedgerFacts, because: string): Decision;
}

export type DeciderOptions = Pick<SamplerConfig, 'suspicionThreshold' | 'prior'>;

/** Decides without bus, state or clock. What is not judged gets a decision too, with its probability and reason. */
export function createDecider(options: DeciderOptions): Decider {
  return {
    chooseStratum: (input) => chooseStratum(input, options.suspicionThreshold),
    select,
    decide: (input) => decide(input, options),
    exclude: (facts, because) => exclude(facts, because, options),
  };
}

/** Whether the keyed hash of the trace id draws it with probability `pi`. */
export function isSelected(traceId: string, pi: number, salt: string): boolean {
  return keyedUniform(salt, traceId) < pi;
}

/** Draws one trace. Audits are drawn by a hash of their own, so that they are independent of the sample. */
export function select({ traceId, stratum, policy, salt }: SelectionInput): Selection {
  if (stratum === 'settled') {
    return { pi: 1, selected: false, audit: isSelected(traceId, policy.pi.settled, `${salt}:audit`) };
  }
  const pi = policy.pi[stratum];
  return { pi, selected: isSelected(traceId, pi, salt), audit: false };
}

/** The first that holds: `settled`, `incomplete`, `suspected`, `unsuspected`. A trace fails with any one criterion. */
export function chooseStratum({ complete, suspicion, criteria, settled }: StratumInput, threshold: number): Stratum {
  const allSettled =
    criteria.length > 0 && criteria.every((criterion) => settled.some((one) => one.criterion === criterion));
  if (allSettled || settled.some(({ outcome }) => outcome === 'fail')) return 'settled';
  if (!complete) return 'incomplete';
  return suspicion >= threshold ? 'suspected' : 'unsuspected';
}

function decide(input: DecisionInput, options: DeciderOptions): Decision {
  const { trajectory, criteria, findings, policy, unreadable = false } = input;
  const settled = settledBy(findings, criteria);
  const suspicion = suspicionOf(findings);
  const stratum = chooseStratum({ ...input, settled, suspicion }, options.suspicionThreshold);
  const drawn = select({ traceId: trajectory.traceId, stratum, policy, salt: input.salt });
  const outcome = outcomeOf({ input, stratum, drawn });
  const audit = drawn.audit && trajectory.hasContent;
  return {
    ...factsOf(input),
    criteria,
    findings,
    settled,
    suspicion,
    stratum,
    g: options.prior[stratum],
    pi: drawn.pi,
    outcome,
    audit,
    reason: reasonFor({ trajectory, outcome, stratum, audit, settled, findings, criteria, policy, unreadable }),
    evidenceTokens: input.evidenceTokens,
  };
}

/** It is in no rate, so nothing was drawn, checked or predicted for it. */
function exclude(facts: LedgerFacts, because: string, options: DeciderOptions): Decision {
  return {
    ...factsOf(facts),
    criteria: [],
    findings: [],
    settled: [],
    suspicion: 0,
    stratum: 'unsuspected',
    g: options.prior.unsuspected,
    pi: 1,
    outcome: 'excluded',
    audit: false,
    reason: `excluded: ${because}`,
    evidenceTokens: 0,
  };
}

type Facts = Omit<
  Decision,
  | 'criteria'
  | 'findings'
  | 'settled'
  | 'suspicion'
  | 'stratum'
  | 'g'
  | 'pi'
  | 'outcome'
  | 'audit'
  | 'reason'
  | 'evidenceTokens'
>;

function factsOf({ trajectory, policy, ...facts }: LedgerFacts): Facts {
  return {
    tenant: trajectory.tenant,
    traceId: trajectory.traceId,
    version: facts.version,
    service: clip(trajectory.service),
    release: clip(trajectory.release),
    environment: clip(trajectory.environment),
    sessionId: clip(trajectory.sessionId ?? ''),
    userId: clip(trajectory.userId ?? ''),
    complete: facts.complete,
    completeness: facts.completeness,
    firstSeenMs: facts.firstSeenMs,
    lastSeenMs: facts.lastSeenMs,
    decidedAtMs: facts.decidedAtMs,
    spanCount: facts.spanCount,
    logCount: facts.logCount,
    rootSpanId: facts.rootSpanId,
    spanXor: facts.spanXor,
    upstreamWeight: facts.upstreamWeight,
    policyVersion: policy.version,
    durationMs: trajectory.durationMs,
    tokens: trajectory.tokens ?? { input: 0, output: 0 },
    modelCalls: countSteps(trajectory, 'model'),
    toolCalls: countSteps(trajectory, 'tool'),
  };
}

interface Drawn {
  readonly input: DecisionInput;
  readonly stratum: Stratum;
  readonly drawn: Selection;
}

function outcomeOf({ input, stratum, drawn }: Drawn): Exclude<DecisionOutcome, 'excluded'> {
  if (stratum === 'settled') return 'settled';
  if (!input.trajectory.hasContent || input.criteria.length === 0) return 'abstained';
  return drawn.selected ? 'selected' : 'sampled_out';
}

/** The first check that settles a criterion has it. */
function settledBy(findings: readonly Finding[], criteria: readonly string[]): readonly SettledCriterion[] {
  const settled = new Map<string, SettledCriterion>();
  for (const { check, severity, fails = [] } of findings) {
    if (severity !== 'settles') continue;
    for (const criterion of fails) {
      if (criteria.includes(criterion) && !settled.has(criterion))
        settled.set(criterion, { criterion, outcome: 'fail', check });
    }
  }
  return [...settled.values()];
}

/** A name that is longer is none, and must not take the evidence's place in the judgement. No character is cut in half. */
function clip(name: string): string {
  return name.length <= MAX_NAME_LENGTH ? name : name.slice(0, MAX_NAME_LENGTH).replace(/[\uD800-\uDBFF]$/, '');
}

function countSteps({ steps }: Trajectory, kind: 'model' | 'tool'): number {
  return steps.reduce((count, step) => (step.kind === kind ? count + 1 : count), 0);
}
