import { STRATA, type Stratum } from '../../core/decision.js';

/** Traffic, and the judge that looks at it. All shares are in [0, 1]. */
export interface Population {
  /** Share of each stratum; they sum to 1. */
  readonly share: Readonly<Record<Stratum, number>>;
  /** How often a trace of the stratum truly fails. */
  readonly failRatio: Readonly<Record<Stratum, number>>;
  /** Of true failures, how many the judge fails; of true passes, how many it passes. */
  readonly sensitivity: number;
  readonly specificity: number;
  /** Of the selected, how many the judge gives no answer on, whatever they are. */
  readonly unansweredRatio: number;
}

/**
 * The unsuspected and the suspected as in the table of allocations the design rests on: 6 % are suspected, of which 40 %
 * fail, and .638 % of the unsuspected do. One trace in 200 is failed by a check, one in 200 never becomes whole.
 */
export const POPULATION: Population = {
  share: { settled: 0.005, suspected: 0.06, unsuspected: 0.93, incomplete: 0.005 },
  failRatio: { settled: 1, suspected: 0.4, unsuspected: 0.00638, incomplete: 0.15 },
  sensitivity: 0.95,
  specificity: 0.995,
  unansweredRatio: 0.01,
};

/** How often the whole instrument reports a failure: checks are taken at their word, the judge errs. */
export function reportedFailRatio(population: Population, stratum: Stratum, failFactor: number): number {
  const fails = population.failRatio[stratum];
  if (stratum === 'settled') return fails;
  const truly = stratum === 'unsuspected' ? Math.min(1, fails * failFactor) : fails;
  return truly * population.sensitivity + (1 - truly) * (1 - population.specificity);
}

/** The pass rate that the whole instrument would report in the long run if nothing were sampled out. */
export function reportedPassRate(population: Population, failFactor: number): number {
  return STRATA.reduce(
    (rate, stratum) => rate + population.share[stratum] * (1 - reportedFailRatio(population, stratum, failFactor)),
    0,
  );
}
