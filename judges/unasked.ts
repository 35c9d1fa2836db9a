import type { Judgement } from '../core/evidence.js';
import type { Verdict } from '../core/verdict.js';
import { buildVerdict } from './build-verdict.js';
import type { CriterionJudge } from './evaluate.js';

export const NO_MODEL = 'no judge model is configured: set ANTHROPIC_API_KEY or OPENAI_API_KEY, or models.judge';
export const OWN_SPANS = 'the trace holds spans of Assay itself, and Assay never judges its own spans';

/** What a verdict without a vote is about. */
export interface Unasked {
  readonly evalId: string;
  readonly criterion: string;
  readonly judge: CriterionJudge | undefined;
  readonly outcome: 'abstain' | 'error';
  readonly reason: string;
  readonly judgedAtMs: number;
}

/** A verdict that took no vote: no judge was there to ask, or none may be asked. */
export function answerUnasked(judgement: Judgement, unasked: Unasked): Verdict {
  const { evalId, criterion, judge, outcome, reason, judgedAtMs } = unasked;
  const identity = {
    ...{ evalId, criterion, provider: '', model: '' },
    rubricVersion: judge?.rubric.version ?? '',
    judgeHash: judge?.hash ?? '',
  };
  return buildVerdict(judgement, identity, { outcome, reason, judgedAtMs, confidence: 0, votes: [] });
}
