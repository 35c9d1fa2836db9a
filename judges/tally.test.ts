import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Vote } from '../core/verdict.js';
import { tally } from './tally.js';

const vote = (outcome: Vote['outcome'], reason = ''): Vote => ({
  ...{ outcome, confidence: 0.9, explanation: `because ${outcome}`, quotes: [], model: 'm' },
  ...{ costMicroUsd: 1, inputTokens: 1, outputTokens: 1, latencyMs: 1 },
  ...(reason === '' ? {} : { reason }),
});
const of = (...outcomes: Vote['outcome'][]) =>
  tally(
    outcomes.map((outcome) => vote(outcome)),
    3,
  );

/** All sequences of `n` outcomes. */
function sequences(n: number): readonly (readonly Vote['outcome'][])[] {
  if (n === 0) return [[]];
  return sequences(n - 1).flatMap((rest) =>
    (['pass', 'fail', 'abstain'] as const).map((outcome) => [...rest, outcome]),
  );
}

const plainMajority = (votes: readonly Vote['outcome'][]): string =>
  (['pass', 'fail'] as const).find((side) => votes.filter((outcome) => outcome === side).length * 2 > votes.length) ??
  'abstain';

describe('tally', () => {
  it.each([1, 3, 5, 7])('gives every ballot of %i votes the verdict that all of its votes would give', (planned) => {
    for (const ballot of sequences(planned)) {
      const cast: Vote[] = [];
      let standing = tally(cast, planned);
      while (standing.status === 'open') {
        const next = ballot[cast.length];
        if (next === undefined) throw new Error('asked for more votes than planned');
        cast.push(vote(next));
        standing = tally(cast, planned);
      }
      expect([ballot.join(), standing.outcome]).toEqual([ballot.join(), plainMajority(ballot)]);
    }
  });

  it('stops at two equal votes of three, and asks a third when they differ', () => {
    expect(of('pass', 'pass')).toMatchObject({ status: 'decided', outcome: 'pass', confidence: 1 });
    expect(of('pass', 'fail')).toEqual({ status: 'open' });
    expect(of('pass', 'fail', 'fail')).toMatchObject({ outcome: 'fail', confidence: 2 / 3 });
  });

  it('abstains when the judge does, and says why', () => {
    expect(of('abstain', 'abstain')).toMatchObject({
      outcome: 'abstain',
      reason: 'the judge abstained: because abstain',
    });
    expect(of('pass', 'fail', 'abstain')).toMatchObject({
      outcome: 'abstain',
      reason: 'no side won: 1 pass, 1 fail, 1 abstain of 3 votes',
    });
  });

  it('is an error as soon as one vote is missing, whatever the others say', () => {
    expect(tally([vote('pass'), vote('error', 'no answer')], 3)).toMatchObject({
      outcome: 'error',
      reason: 'no answer',
    });
  });

  it('never calls a ballot with an error passed or failed', () => {
    const outcome = fc.constantFrom<Vote['outcome']>('pass', 'fail', 'abstain', 'error');
    fc.assert(
      fc.property(fc.array(outcome, { maxLength: 5 }), (outcomes) => {
        const standing = tally(
          outcomes.map((each) => vote(each)),
          5,
        );
        if (outcomes.includes('error')) expect(standing).toMatchObject({ outcome: 'error' });
      }),
      { seed: 3 },
    );
  });
});
