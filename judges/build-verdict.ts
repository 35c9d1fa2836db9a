import type { Judgement } from '../core/evidence.js';
import type { Verdict, VerdictOutcome, Vote } from '../core/verdict.js';

/** How an evaluation ended. */
export interface Ending {
  readonly outcome: VerdictOutcome;
  readonly confidence: number;
  readonly reason: string;
  readonly votes: readonly Vote[];
  readonly judgedAtMs: number;
  /** False when it is left out. */
  readonly disputed?: boolean;
}

/** Who evaluated, and under which id. */
export interface Identity {
  readonly evalId: string;
  readonly criterion: string;
  readonly rubricVersion: string;
  readonly judgeHash: string;
  /** Empty when no model was asked. */
  readonly provider: string;
  readonly model: string;
}

/** The row that an evaluation becomes. Only the winning side's quotes and words are its own, the second judge's before the first's. */
export function buildVerdict(judgement: Judgement, identity: Identity, ending: Ending): Verdict {
  const { decision } = judgement;
  const { votes, outcome } = ending;
  const winners = votes.filter((vote) => vote.outcome === outcome);
  const sum = (of: (vote: Vote) => number): number => votes.reduce((total, vote) => total + of(vote), 0);
  return {
    ...identity,
    model: (winners.at(-1) ?? votes.at(-1))?.model ?? identity.model,
    tenant: decision.tenant,
    traceId: decision.traceId,
    version: decision.version,
    spanId: decision.rootSpanId,
    outcome,
    confidence: ending.confidence,
    votes,
    quotes: [...new Set(winners.flatMap((vote) => vote.quotes))],
    explanation: (winners.find((vote) => vote.confirms === true) ?? winners[0])?.explanation ?? '',
    reason: ending.reason,
    fromCache: false,
    cacheAudit: '',
    audit: decision.audit,
    byHand: false,
    disputed: ending.disputed ?? false,
    costMicroUsd: sum((vote) => vote.costMicroUsd),
    inputTokens: sum((vote) => vote.inputTokens),
    outputTokens: sum((vote) => vote.outputTokens),
    latencyMs: sum((vote) => vote.latencyMs),
    pi: decision.pi,
    stratum: decision.stratum,
    service: decision.service,
    release: decision.release,
    decidedAtMs: decision.decidedAtMs,
    judgedAtMs: ending.judgedAtMs,
  };
}
