import type { Judgement } from '../core/evidence.js';
import { contentHash } from '../core/keyed-hash.js';
import type { Counter } from '../core/metrics.js';
import type { Verdict, Vote } from '../core/verdict.js';
import { buildPrompt, rubricText, toRequest } from './build-prompt.js';
import { buildVerdict, type Ending, type Identity } from './build-verdict.js';
import type { BuyerDeps } from './buy-call.js';
import { castVote, type Ballot } from './cast-vote.js';
import type { JudgesConfig } from './config.js';
import { confirmFail, confirmsFailsOf } from './confirm-fail.js';
import { createQuoteCheck } from './quotes.js';
import { createReplyParser, type ParsedReply } from './reply.js';
import type { Rubric } from './rubric.js';
import { tally } from './tally.js';
import type { Turn } from './turn.js';
import { whyShed } from './why-shed.js';

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

/** What buys the votes of the first judge, and of the second. */
export interface EvaluationDeps extends BuyerDeps {
  /** Buys what confirms fails. Absent when nobody is asked. */
  readonly confirm?: BuyerDeps;
  readonly confirmations: Counter<'result'>;
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
 * Votes until the majority is decided, has a fail confirmed where one is to be, and says what the votes come to.
 * @throws the reason of the turn's end, or of `killed`: the evaluation goes on from the journal when the judgement comes again
 */
export async function evaluate(question: Question, deps: EvaluationDeps): Promise<Verdict> {
  const { options, model, clock } = deps;
  const { judgement, judge, evalId } = question;
  const ballot = ballotOf(question, deps);
  const votes: Vote[] = [];
  const end = (ending: Omit<Ending, 'judgedAtMs'>, provider = model.provider): Verdict => {
    const identity = { evalId, provider, model: model.name, judgeHash: judge.hash, ...namesOf(judge.rubric) };
    return buildVerdict(judgement, identity, { ...ending, judgedAtMs: lastCallMs(evalId, deps) ?? clock.nowMs() });
  };
  for (;;) {
    const standing = tally(votes, options.votes);
    if (standing.status === 'decided') {
      const confirmer = standing.outcome === 'fail' ? confirmerOf(question, deps) : undefined;
      if (confirmer === undefined) return end({ ...standing, votes });
      const request = requestOf(question, { ...deps, model: confirmer.model });
      const confirmation = await confirmFail({ votes, ballot: { ...ballot, request } }, { ...confirmer, options });
      const { result } = confirmation;
      deps.confirmations.add(1, { result });
      const decides = result === 'unconfirmed' ? model : confirmer.model;
      return end({ ...confirmation, disputed: result === 'overturned' }, decides.provider);
    }
    const cast = await castVote(votes.length, ballot, deps);
    if (cast.status === 'exhausted')
      return end({ outcome: 'shed_budget', confidence: 0, reason: whyShed(cast), votes });
    votes.push(cast.vote);
  }
}

/** Who is to be asked about a fail; undefined when it stands as it is. */
export function confirmerOf({ judgement }: Question, { confirm, options }: EvaluationDeps): BuyerDeps | undefined {
  return confirmsFailsOf(judgement.decision.stratum, options) ? confirm : undefined;
}

function ballotOf(question: Question, deps: EvaluationDeps): Ballot {
  const { judgement, judge, evalId, turn } = question;
  const { tenant, traceId } = judgement.decision;
  return {
    ...{ evalId, tenant, traceId, turn, parse: judge.parse, killed: deps.killed },
    request: requestOf(question, deps),
    quotes: createQuoteCheck(judgement.evidence, rubricText(judge.rubric), judge.rubric.parameters),
  };
}

function requestOf(
  { judge, judgement }: Question,
  { nonce, model }: Pick<EvaluationDeps, 'nonce' | 'model'>,
): Ballot['request'] {
  const { rubric } = judge;
  return () => toRequest(buildPrompt(rubric, judgement.evidence, nonce()), rubric, model.parameters);
}

function namesOf({ criterion, version }: Rubric): Pick<Identity, 'criterion' | 'rubricVersion'> {
  return { criterion, rubricVersion: version };
}

/** When the deciding call ended: the same after a replay, so that a verdict sent twice is sent alike. */
function lastCallMs(evalId: string, { journal }: EvaluationDeps): number | undefined {
  const ends = journal.callsOf(evalId).flatMap((call) => ('endedAtMs' in call ? [call.endedAtMs] : []));
  return ends.length === 0 ? undefined : Math.max(...ends);
}
