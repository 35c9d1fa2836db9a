import type { Stratum } from '../core/decision.js';
import type { Verdict, Vote } from '../core/verdict.js';
import type { Ending } from './build-verdict.js';
import type { BuyerDeps } from './buy-call.js';
import { castVote, type Ballot } from './cast-vote.js';
import type { JudgesConfig } from './config.js';
import { whyShed } from './why-shed.js';

/** What a second judge made of a fail, of which it is told nothing. */
export type Confirmation = Pick<Ending, 'outcome' | 'confidence' | 'reason' | 'votes'> & {
  readonly result: 'confirmed' | 'overturned' | 'unconfirmed';
};

/** A fail of the first judge. */
export interface Fail {
  /** All of the first judge's votes. */
  readonly votes: readonly Vote[];
  /** The same question, as the second judge is sent it. */
  readonly ballot: Ballot;
}

/** True of strata whose fails a second judge is asked about, where there is one. */
export function confirmsFailsOf(stratum: Stratum, { confirm }: Pick<JudgesConfig, 'confirm'>): boolean {
  return confirm.strata.includes(stratum);
}

/** True of a fail that a second judge was to confirm and has not: half a measurement, which no other evidence may reuse. */
export function isUnconfirmed({ outcome, votes }: Verdict): boolean {
  return outcome === 'fail' && !votes.some((vote) => vote.confirms === true && vote.outcome === 'fail');
}

/**
 * Asks a second judge the same question, once. Its word counts, as the stronger one's; without a pass or a fail from it the
 * fail stands, and says that nobody confirmed it.
 *
 * The vote's number comes after all that the first judge may cast, so a call has one key, however many were cast.
 *
 * @see statistics.md section 2, V3 (asymmetric confirmation), and 4.4
 */
export async function confirmFail(
  { votes, ballot }: Fail,
  deps: BuyerDeps & { readonly options: JudgesConfig },
): Promise<Confirmation> {
  const { model } = deps;
  const options = { ...deps.options, giveUpAfterMs: deps.options.confirm.giveUpAfterMs };
  const name = `${model.provider} ${model.name}`;
  const cast = await castVote(options.votes, ballot, { ...deps, options });
  if (cast.status === 'exhausted') return unconfirmed(votes, whyShed(cast));
  const vote: Vote = { ...cast.vote, confirms: true };
  const all = [...votes, vote];
  switch (vote.outcome) {
    case 'fail':
      // Without a reason: what it says is why the trace failed.
      return { result: 'confirmed', outcome: 'fail', confidence: shareOf('fail', all), reason: '', votes: all };
    case 'pass': {
      const reason = `the first judge failed it, and ${name}, asked whether it did, did not confirm that; the two disagree`;
      return { result: 'overturned', outcome: 'pass', confidence: shareOf('pass', all), reason, votes: all };
    }
    case 'abstain':
      return unconfirmed(all, `${name} abstained: ${vote.explanation}`);
    case 'error':
      return unconfirmed(all, `${name} gave no answer: ${vote.reason ?? 'a vote failed'}`);
  }
}

function unconfirmed(votes: readonly Vote[], why: string): Confirmation {
  const reason = `the first judge's fail stands unconfirmed: ${why}`;
  return { result: 'unconfirmed', outcome: 'fail', confidence: shareOf('fail', votes), reason, votes };
}

/** Of the votes that are an answer. */
function shareOf(outcome: 'pass' | 'fail', votes: readonly Vote[]): number {
  const answers = votes.filter((vote) => vote.outcome !== 'error');
  return answers.filter((vote) => vote.outcome === outcome).length / answers.length;
}
