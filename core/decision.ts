import type { Finding } from './finding.js';
import type { TokenCount } from './trajectory.js';

/**
 * Strata of the estimate. `settled`: every criterion that applies was decided by a check. `incomplete`: judged at the
 * deadline, not whole. `suspected` and `unsuspected` are bands of suspicion.
 */
export const STRATA = ['settled', 'suspected', 'unsuspected', 'incomplete'] as const;
export type Stratum = (typeof STRATA)[number];

/** What was decided about a trace; `excluded` by an admission rule it enters no rate. The final outcome of a trace is a view over this and its verdicts. */
export type DecisionOutcome = 'selected' | 'settled' | 'sampled_out' | 'abstained' | 'excluded';

/** A criterion that a check decided, at no cost. */
export interface SettledCriterion {
  readonly criterion: string;
  readonly outcome: 'pass' | 'fail';
  readonly check: string;
}

/** One ledger row: what was decided about one version of one trace, why, and with what probability. Written once. */
export interface Decision {
  readonly tenant: string;
  readonly traceId: string;
  /** 1 for the first, then one more for each time late spans came. */
  readonly version: number;
  readonly service: string;
  readonly release: string;
  readonly environment: string;
  readonly sessionId: string;
  readonly userId: string;
  readonly complete: boolean;
  /** Why it was taken to be whole, or why not. */
  readonly completeness: string;
  /** Bus time in ms: first and last record of the trace, and when it was decided. */
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly decidedAtMs: number;
  readonly spanCount: number;
  /** Log events counted, beside the spans. */
  readonly logCount: number;
  /** Of the root, or of the first span where there is none: what a verdict is parented to. */
  readonly rootSpanId: string;
  /** Exclusive or of the 64-bit hashes of the span ids and log events counted, 16 hex digits. */
  readonly spanXor: string;
  /** Criteria that apply to this trace. */
  readonly criteria: readonly string[];
  readonly findings: readonly Finding[];
  readonly settled: readonly SettledCriterion[];
  /** In [0, 1]. */
  readonly suspicion: number;
  readonly stratum: Stratum;
  /** Predicted failure probability, fixed before any verdict; in [0, 1]. */
  readonly g: number;
  /** Inclusion probability; in (0, 1]. */
  readonly pi: number;
  /** Adjusted count of the sampler before us (`ot=th:`), 1 when there is none. */
  readonly upstreamWeight: number;
  readonly outcome: DecisionOutcome;
  /** True when a settled trace is judged all the same, to know the checks' own precision. Never enters a rate. */
  readonly audit: boolean;
  /** One sentence for `why`. */
  readonly reason: string;
  readonly policyVersion: number;
  readonly durationMs: number;
  readonly tokens: TokenCount;
  /** Estimated input tokens of one judge call on this trace's evidence. */
  readonly evidenceTokens: number;
  readonly modelCalls: number;
  readonly toolCalls: number;
}

/** A sampling plan. Stored before it takes effect, chosen by the record's bus time. */
export interface Policy {
  /** 1, 2, 3, …; a later one takes over at its `effectiveFromMs`. */
  readonly version: number;
  /** Bus time in ms. */
  readonly effectiveFromMs: number;
  /** Inclusion probability of each stratum; in (0, 1]. For `settled` it is the audited share. */
  readonly pi: Readonly<Record<Stratum, number>>;
  readonly reason: string;
}
