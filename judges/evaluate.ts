import type { Judgement } from '../core/evidence.js';
import { contentHash } from '../core/keyed-hash.js';
import type { Verdict, Vote } from '../core/verdict.js';
import { buildPrompt, rubricText, toRequest } from './build-prompt.js';
import { buildVerdict, type Ending, type Identity } from './build-verdict.js';
import type { BuyerDeps } from './buy-call.js';
import { castVote } from './cast-vote.js';
import type { JudgesConfig } from './config.js';
import { createQuoteCheck } from './quotes.js';
import { createReplyParser, type ParsedReply } from './reply.js';
import type { Rubric } from './rubric.js';
import type { Reservation } from './spend-budget.js';
import { tally } from './tally.js';
import type { Turn } from './turn.js';

/** One criterion's judge, ready to be asked. */
export interface CriterionJudge {
  readonly rubric: Rubric;
  readonly hash: string;
  readonly parse: (value: unknown) => ParsedReply;
}

/** Makes the judge of a rubric. */
export function createCriterionJudge(rubric: Rubric, hash: string): CriterionJudge {
  return { rubric, hash, parse: createReplyParser(rubric) };
}

export interface EvaluationDeps extends BuyerDeps {
  readonly options: JudgesConfig;
  readonly nonce: () => string;
  readonly killed: AbortSignal;
}

/** What is to be judged, by whom, under which id, and who pays. */
export interface Question {
  readonly judgement: Judgement;
  readonly judge: CriterionJudge;
  readonly evalId: string;
  readonly turn: Turn;
}

/** The natural key of a verdict. */
export function evalIdOf({ decision }: Judgement, criterion: string, judgeHash: string): string {
  return contentHash(decision.tenant, decision.traceId, String(decision.version), criterion, judgeHash);
}

/**
 * Votes until the majority is decided, and says what the votes come to.
 * @throws the reason of the turn's end, or of `killed`: the evaluation goes on from the journal when the judgement comes again
 */
export async function evaluate({ judgement, judge, evalId, turn }: Question, deps: EvaluationDeps): Promise<Verdict> {
  const { options, model, clock } = deps;
  const { rubric } = judge;
  const { tenant, traceId } = judgement.decision;
  const ballot = {
    ...{ evalId, tenant, traceId, turn, parse: judge.parse, killed: deps.killed },
    request: () => toRequest(buildPrompt(rubric, judgement.evidence, deps.nonce()), rubric, model.parameters),
    quotes: createQuoteCheck(judgement.evidence, rubricText(rubric), rubric.parameters),
  };
  const identity: Identity = {
    evalId,
    criterion: rubric.criterion,
    rubricVersion: rubric.version,
    judgeHash: judge.hash,
    provider: model.provider,
    model: model.name,
  };
  const votes: Vote[] = [];
  const end = (ending: Pick<Ending, 'outcome' | 'confidence' | 'reason'>): Verdict =>
    buildVerdict(judgement, identity, { ...ending, votes, judgedAtMs: lastCallMs(evalId, deps) ?? clock.nowMs() });
  for (;;) {
    const standing = tally(votes, options.votes);
    if (standing.status === 'decided') return end(standing);
    const cast = await castVote(votes.length, ballot, deps);
    if (cast.status === 'exhausted') return end({ outcome: 'shed_budget', confidence: 0, reason: whyShed(cast) });
    votes.push(cast.vote);
  }
}

/** When the deciding call ended: the same after a replay, so that a verdict sent twice is sent alike. */
function lastCallMs(evalId: string, { journal }: EvaluationDeps): number | undefined {
  const ends = journal.callsOf(evalId).flatMap((call) => ('endedAtMs' in call ? [call.endedAtMs] : []));
  return ends.length === 0 ? undefined : Math.max(...ends);
}

function whyShed({ period, capMicroUsd, shares, resetsAtMs }: Reservation & { readonly status: 'exhausted' }): string {
  const [name, setting] = period === 'day' ? ['daily', 'dailyBudgetUsd'] : ['weekly', 'weeklyBudgetUsd'];
  const share = shares === undefined ? '' : `, the share of one of ${shares} partitions,`;
  const cap = `${String(capMicroUsd / 1e6)}${share}`;
  const reset = new Date(resetsAtMs).toISOString();
  return `the ${name} judge budget of $${cap} does not hold another call until ${reset}; raise judges.${setting} to judge more`;
}
