import type { Decision } from './decision.js';

/** A closed union: only pass and fail enter a rate, the other two are reported beside it. */
export const VERDICT_OUTCOMES = ['pass', 'fail', 'abstain', 'error', 'shed_budget'] as const;
export type VerdictOutcome = (typeof VERDICT_OUTCOMES)[number];

/** One answer of one model. */
export interface Vote {
  readonly outcome: 'pass' | 'fail' | 'abstain' | 'error';
  /** In [0, 1]; self-reported. */
  readonly confidence: number;
  readonly explanation: string;
  readonly quotes: readonly string[];
  readonly model: string;
  readonly costMicroUsd: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly latencyMs: number;
  /** Why an `error` or `abstain` is one. */
  readonly reason?: string;
  /** Set on the vote of the second judge, which was asked whether a fail of the first one is one. */
  readonly confirms?: true;
}

/** What the instrument says of one criterion of one version of one trace. */
export interface Verdict {
  /** hash(tenant, trace, version, criterion, judge hash): the same work always has the same id. */
  readonly evalId: string;
  readonly tenant: string;
  readonly traceId: string;
  readonly version: number;
  /** The span that it is about: the root. */
  readonly spanId: string;
  readonly criterion: string;
  readonly outcome: VerdictOutcome;
  /** Share of the votes on the side that won, of those that are an answer; in [0, 1]. */
  readonly confidence: number;
  readonly votes: readonly Vote[];
  /** Verified to be in the evidence. */
  readonly quotes: readonly string[];
  readonly explanation: string;
  /** For `error`, `abstain` and `shed_budget`, and for what a second judge was asked about: one sentence. */
  readonly reason: string;
  readonly rubricVersion: string;
  readonly judgeHash: string;
  readonly model: string;
  readonly provider: string;
  readonly fromCache: boolean;
  /** Of a hit that was judged all the same, whether the cache had said so too; empty when it was none. */
  readonly cacheAudit: '' | 'agreed' | 'flipped';
  /** True for an answer that never enters a rate: an audit of a check, or one asked for by hand. */
  readonly audit: boolean;
  /** Asked for by a person, outside the sampling plan. Such a verdict is an audit too. */
  readonly byHand: boolean;
  /** The first judge failed it and the second one passed it: a person should say who was right. */
  readonly disputed: boolean;
  readonly costMicroUsd: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly latencyMs: number;
  readonly pi: number;
  readonly stratum: Decision['stratum'];
  readonly service: string;
  readonly release: string;
  /** Bus time of the decision, and when the verdict was reached, in ms. */
  readonly decidedAtMs: number;
  readonly judgedAtMs: number;
}

/** One model call's money. `lost`: in flight when the process died; charged as reserved. */
export interface Spend {
  readonly callId: string;
  readonly evalId: string;
  readonly tenant: string;
  readonly traceId: string;
  readonly provider: string;
  readonly model: string;
  readonly status: 'settled' | 'lost';
  readonly reservedMicroUsd: number;
  readonly settledMicroUsd: number;
  readonly priceVersion: string;
  readonly atMs: number;
}
