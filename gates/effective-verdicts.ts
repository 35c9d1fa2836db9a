import { effectiveCount } from './kish.js';

/** Verdicts that share one weight. */
export interface WeightedVerdicts {
  readonly passed: number;
  readonly failed: number;
  /** Upstream weight / inclusion probability; > 0. */
  readonly weight: number;
}

/** Hájek's ratio: failures by weight over verdicts by weight; NaN when there are no verdicts. */
export function weightedFailRate(groups: readonly WeightedVerdicts[]): number {
  const failed = sum(groups, (group) => group.failed * group.weight);
  return failed / sum(groups, (group) => (group.passed + group.failed) * group.weight);
}

/**
 * How many equally weighted verdicts would tell as much about the rate as these do: Kish's number, or the one that the
 * linearised variance of the rate implies when that is smaller. The two are equal while all weights are.
 *
 * Kish takes weights and outcomes to be unrelated. They are not when failures rise while the budget lowers the
 * probability: then his number alone covers as little as 90 % in place of 95 % (docs/adr/0005-estimator.md). The
 * linearised one alone is no better: it is undefined while nothing has failed.
 *
 * @param groups - at least one verdict
 * @see E. L. Korn and B. I. Graubard (1998), Survey Methodology 24(2), 193-201, for the effective number p(1-p)/v
 */
export function effectiveVerdicts(groups: readonly WeightedVerdicts[]): number {
  const kish = effectiveCount(groups.map(({ passed, failed, weight }) => ({ count: passed + failed, weight })));
  const rate = weightedFailRate(groups);
  const total = sum(groups, (group) => (group.passed + group.failed) * group.weight);
  const squares = sum(
    groups,
    ({ passed, failed, weight }) => weight ** 2 * (failed * (1 - rate) ** 2 + passed * rate ** 2),
  );
  if (squares === 0) return kish;
  return Math.max(1, Math.min(kish, (rate * (1 - rate) * total ** 2) / squares));
}

function sum(groups: readonly WeightedVerdicts[], pick: (group: WeightedVerdicts) => number): number {
  return groups.reduce((total, group) => total + pick(group), 0);
}
