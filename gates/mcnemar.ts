import { logMeanExp } from './log-sum-exp.js';

/** Items that both releases were run on, by what became of them. */
export interface PairCounts {
  /** b: passed by the baseline, failed by the candidate. */
  readonly broken: number;
  /** c: failed by the baseline, passed by the candidate. */
  readonly fixed: number;
  /** Passed by both or failed by both. */
  readonly same: number;
}

/** Shares of the changed items that are broken and not fixed, .51 to .99. */
const THETAS = Array.from({ length: 49 }, (_, index) => (51 + index) / 100);
const LOG_RATIOS = THETAS.map((theta) => ({ broken: Math.log(2 * theta), fixed: Math.log(2 * (1 - theta)) }));

/**
 * log of the evidence that the candidate breaks more items than it fixes: the mean over θ of (2θ)^b (2(1 − θ))^c. While
 * breaking and fixing are alike likely, the chance that it ever reaches 1 / α is at most α, at any number of looks.
 *
 * @see Q. McNemar (1947), Psychometrika 12, 153-157, for the test that it makes sequential; J. Ville (1939) for the bound
 */
export function logMcNemarEvidence({ broken, fixed }: PairCounts): number {
  return logMeanExp(LOG_RATIOS.map((log) => broken * log.broken + fixed * log.fixed));
}

/** Shares of the largest bet that are placed against a drop; the small ones pay where much changes, the large ones where little does. */
const STAKES = [0.08, 0.2, 0.5] as const;

/**
 * log of the evidence that fewer than `drop` more items are broken than fixed: what non-inferiority is shown by. Exact, and
 * valid at any number of looks, as each factor 1 + λ(drop − Z) has mean at most 1 while the drop is at least that,
 * where Z is 1 for a broken item, −1 for a fixed one and else 0.
 *
 * @param drop - in (−1, 1), as a share of all items
 */
export function logNonInferiority({ broken, fixed, same }: PairCounts, drop: number): number {
  return logMeanExp(
    STAKES.map((share) => {
      const lambda = share / (1 - drop);
      return (
        broken * Math.log1p(lambda * (drop - 1)) +
        fixed * Math.log1p(lambda * (drop + 1)) +
        same * Math.log1p(lambda * drop)
      );
    }),
  );
}

/**
 * One-sided upper bound of the drop in pass rate: the smallest drop that the evidence excludes at alpha. Holds at every look
 * at once, which a bound for a fixed number of items does not.
 *
 * @returns in (−1, 1]; 1 when nothing is excluded
 */
export function upperBoundOfDrop(counts: PairCounts, alpha: number): number {
  const excludes = (drop: number): boolean => logNonInferiority(counts, drop) >= Math.log(1 / alpha);
  let low = -1;
  let high = 1;
  for (let halving = 0; halving < 50; halving += 1) {
    const drop = (low + high) / 2;
    if (excludes(drop)) high = drop;
    else low = drop;
  }
  return high;
}
