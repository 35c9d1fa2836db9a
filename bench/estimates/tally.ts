/** Sums over simulated days. Tallies of the same row add up. */
export interface Tally {
  readonly days: number;
  /** Selected for the judge, over all traces. */
  readonly judgedShare: number;
  readonly largestJudgedShare: number;
  readonly width: number;
  /** Days on which the interval held the long-run rate; and the rate of that very day, had all been judged. */
  readonly covered: number;
  readonly coveredOwnDay: number;
  readonly missedAbove: number;
  /** Estimate minus long-run rate. */
  readonly error: number;
  readonly plainError: number;
  readonly plainCovered: number;
}

export const EMPTY_TALLY: Tally = {
  days: 0,
  judgedShare: 0,
  largestJudgedShare: 0,
  width: 0,
  covered: 0,
  coveredOwnDay: 0,
  missedAbove: 0,
  error: 0,
  plainError: 0,
  plainCovered: 0,
};

export function addTallies(a: Tally, b: Tally): Tally {
  return {
    days: a.days + b.days,
    judgedShare: a.judgedShare + b.judgedShare,
    largestJudgedShare: Math.max(a.largestJudgedShare, b.largestJudgedShare),
    width: a.width + b.width,
    covered: a.covered + b.covered,
    coveredOwnDay: a.coveredOwnDay + b.coveredOwnDay,
    missedAbove: a.missedAbove + b.missedAbove,
    error: a.error + b.error,
    plainError: a.plainError + b.plainError,
    plainCovered: a.plainCovered + b.plainCovered,
  };
}
