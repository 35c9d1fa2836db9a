import type { Cell } from '../core/cell.js';
import { STRATA, type Stratum } from '../core/decision.js';
import { effectiveVerdicts, weightedFailRate } from './effective-verdicts.js';
import { wilsonInterval } from './wilson.js';

/** A part of the population whose size is known, with what its verdicts say about its pass rate. */
export interface Band {
  readonly stratum: Stratum;
  /** Σ traces × upstream weight: the size of the band before any sampling. */
  readonly size: number;
  /** Σ traces × upstream weight²: how noisy that size is. */
  readonly sizeVariance: number;
  /** Null when no trace of the band has a verdict. */
  readonly rate: number | null;
  /** Bounds of the rate; the rate itself where it is known and not sampled, [0, 1] where there is no verdict. */
  readonly interval: readonly [low: number, high: number];
}

/**
 * The bands that hold at least one trace, in the order of `STRATA`.
 *
 * Settled traces are known, not sampled, so they become two bands without width: those that passed and those that
 * failed. Their shares vary from day to day as all shares do, and so count in the variance between bands.
 */
export function toBands(cells: readonly Cell[], z: number): readonly Band[] {
  return STRATA.flatMap((stratum) => {
    const own = cells.filter((cell) => cell.stratum === stratum && cell.traces > 0);
    return stratum === 'settled' ? settledBands(own) : own.length === 0 ? [] : [sampledBand(stratum, own, z)];
  });
}

function sampledBand(stratum: Stratum, cells: readonly Cell[], z: number): Band {
  const size = sizeOf(cells, (cell) => cell.traces);
  const groups = cells.map(({ passed, failed, upstreamWeight, pi }) => ({
    passed,
    failed,
    weight: upstreamWeight / pi,
  }));
  if (groups.every(({ passed, failed }) => passed + failed === 0)) {
    return { stratum, ...size, rate: null, interval: [0, 1] };
  }
  // Of failures, so that a band without any has a pass rate of exactly 1, whatever its weights.
  const failRate = weightedFailRate(groups);
  const n = effectiveVerdicts(groups);
  const [low, high] = wilsonInterval(failRate * n, n, z);
  return { stratum, ...size, rate: 1 - failRate, interval: [1 - high, 1 - low] };
}

function settledBands(cells: readonly Cell[]): readonly Band[] {
  const bands: readonly Band[] = [
    { stratum: 'settled', ...sizeOf(cells, (cell) => cell.passed), rate: 1, interval: [1, 1] },
    { stratum: 'settled', ...sizeOf(cells, (cell) => cell.failed), rate: 0, interval: [0, 0] },
    {
      stratum: 'settled',
      ...sizeOf(cells, (cell) => cell.traces - cell.passed - cell.failed),
      rate: null,
      interval: [0, 1],
    },
  ];
  return bands.filter((band) => band.size > 0);
}

function sizeOf(cells: readonly Cell[], count: (cell: Cell) => number): Pick<Band, 'size' | 'sizeVariance'> {
  let size = 0;
  let sizeVariance = 0;
  for (const cell of cells) {
    size += count(cell) * cell.upstreamWeight;
    sizeVariance += count(cell) * cell.upstreamWeight ** 2;
  }
  return { size, sizeVariance };
}
