import type { Vote } from '../core/verdict.js';

/** Where a ballot stands. `open` means that another vote can still matter. */
export type Tally =
  | { readonly status: 'open' }
  | {
      readonly status: 'decided';
      readonly outcome: Vote['outcome'];
      /** Share of the votes cast on the side that won; 0 when none did. */
      readonly confidence: number;
      readonly reason: string;
    };

/**
 * The verdict rules, and when to stop asking.
 *
 * A side that has (planned + 1) / 2 votes has won, and no further vote could change it. Two abstentions of three decide to
 * abstain in the same way, and so does a ballot that no side can win any more. A vote that could not be had makes the whole
 * verdict an error: an ensemble with a missing vote is another instrument.
 *
 * @param planned - most votes; odd
 */
export function tally(votes: readonly Vote[], planned: number): Tally {
  const broken = votes.find((vote) => vote.outcome === 'error');
  if (broken) return { status: 'decided', outcome: 'error', confidence: 0, reason: broken.reason ?? 'a vote failed' };
  const majority = (planned + 1) / 2;
  const count = (outcome: Vote['outcome']): number => votes.filter((vote) => vote.outcome === outcome).length;
  for (const outcome of ['pass', 'fail'] as const) {
    if (count(outcome) >= majority) {
      return { status: 'decided', outcome, confidence: count(outcome) / votes.length, reason: '' };
    }
  }
  const left = planned - votes.length;
  if (Math.max(count('pass'), count('fail')) + left >= majority && count('abstain') < majority)
    return { status: 'open' };
  const why = votes.find((vote) => vote.outcome === 'abstain')?.explanation ?? '';
  return {
    status: 'decided',
    outcome: 'abstain',
    confidence: count('abstain') / votes.length,
    reason:
      count('abstain') >= majority
        ? `the judge abstained: ${why}`
        : `no side won: ${count('pass')} pass, ${count('fail')} fail, ${count('abstain')} abstain of ${planned} votes`,
  };
}
