import type { Verdict } from '../core/verdict.js';

/** A fail of a judge, with these fields changed. */
export function makeVerdict(changes: Partial<Verdict> = {}): Verdict {
  return {
    evalId: 'eval-1',
    tenant: 'default',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    version: 1,
    spanId: 'b7ad6b7169203331',
    criterion: 'task_completion',
    outcome: 'fail',
    confidence: 1,
    votes: [],
    quotes: ['the room is free'],
    explanation: 'The user asked for a room at 14:00 and got one at 16:00.',
    reason: '',
    rubricVersion: '1',
    judgeHash: 'f00d',
    model: 'gpt-6-luna',
    provider: 'openai',
    fromCache: false,
    cacheAudit: '',
    audit: false,
    byHand: false,
    disputed: false,
    costMicroUsd: 900,
    inputTokens: 1_200,
    outputTokens: 90,
    latencyMs: 800,
    pi: 0.25,
    stratum: 'unsuspected',
    service: 'booking-agent',
    release: '1.4.0',
    decidedAtMs: 1_760_000_000_000,
    judgedAtMs: 1_760_000_001_500,
    ...changes,
  };
}
