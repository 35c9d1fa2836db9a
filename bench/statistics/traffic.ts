import type { Cell } from '../../core/cell.js';
import type { Prng } from '../estimates/prng.js';
import { drawBinomial } from './binomial.js';

/** How often a judge is right. Shares are in [0, 1]. */
export interface Judge {
  readonly name: string;
  readonly sensitivity: number;
  readonly specificity: number;
  /**
   * What a second judge lets stand of the FAILs among the unsuspected: of the true ones, and of the false ones. Left out
   * where FAILs are not confirmed.
   */
  readonly confirmed?: { readonly trueFails: number; readonly falseFails: number };
}

/** Traffic of one agent. Shares are in [0, 1]. */
export interface Traffic {
  readonly tracesPerDay: number;
  /** Inclusion probabilities. */
  readonly pi: { readonly suspected: number; readonly unsuspected: number };
  readonly judge: Judge;
}

/** A release that fails more: by how much, and which share of the new failures suspicion sees. */
export interface Regression {
  readonly drop: number;
  readonly seenRatio: number;
}

export const NO_REGRESSION: Regression = { drop: 0, seenRatio: 0 };

/** 6 % are suspected, of which 40 % truly fail; .638 % of the others do: 3 % in all. */
const SUSPECTED_SHARE = 0.06;
const SUSPECTED_FAILS = 0.4;
const UNSUSPECTED_FAILS = 0.00638;

/** Shares of the traffic, and how often the instrument fails a trace of each. */
export interface Mix {
  readonly suspectedShare: number;
  readonly suspectedFails: number;
  readonly unsuspectedFails: number;
}

/** What the instrument would say of all traces if nothing were sampled out. New failures were passes of the unsuspected before. */
export function mixOf(judge: Judge, { drop, seenRatio }: Regression): Mix {
  const suspectedShare = SUSPECTED_SHARE + drop * seenRatio;
  const suspectedTrue = (SUSPECTED_SHARE * SUSPECTED_FAILS + drop * seenRatio) / suspectedShare;
  const unsuspectedTrue = ((1 - SUSPECTED_SHARE) * UNSUSPECTED_FAILS + drop * (1 - seenRatio)) / (1 - suspectedShare);
  const { sensitivity, specificity, confirmed = { trueFails: 1, falseFails: 1 } } = judge;
  const reported = (fails: number, standing: Required<Judge>['confirmed']): number =>
    fails * sensitivity * standing.trueFails + (1 - fails) * (1 - specificity) * standing.falseFails;
  return {
    suspectedShare,
    suspectedFails: reported(suspectedTrue, { trueFails: 1, falseFails: 1 }),
    unsuspectedFails: reported(unsuspectedTrue, confirmed),
  };
}

/** Failure rate that the instrument would report in the long run. */
export function reportedFailRate({ suspectedShare, suspectedFails, unsuspectedFails }: Mix): number {
  return suspectedShare * suspectedFails + (1 - suspectedShare) * unsuspectedFails;
}

/** What became of `traces` traces, as the store would count it. */
export function drawCells(prng: Prng, traces: number, { pi, mix }: { pi: Traffic['pi']; mix: Mix }): readonly Cell[] {
  const suspected = drawBinomial(prng, traces, mix.suspectedShare);
  return [
    drawCell(prng, { stratum: 'suspected', traces: suspected, pi: pi.suspected }, mix.suspectedFails),
    drawCell(prng, { stratum: 'unsuspected', traces: traces - suspected, pi: pi.unsuspected }, mix.unsuspectedFails),
  ];
}

function drawCell(prng: Prng, given: Pick<Cell, 'stratum' | 'traces' | 'pi'>, fails: number): Cell {
  const judged = drawBinomial(prng, given.traces, given.pi);
  const failed = drawBinomial(prng, judged, fails);
  return { ...given, upstreamWeight: 1, passed: judged - failed, failed, unanswered: 0 };
}
