import type { Cell } from '../core/cell.js';
import type { Stratum } from '../core/decision.js';
import { LARGEST_STAKE, worstLossOf, type Baseline } from './baseline.js';
import { createDetector, updateDetector, type DetectorBatch, type DetectorState } from './detector.js';

/** Looks at something that is still half as bad, of which one at most takes it for mended. */
const CHECKS_PER_FALSE_RECOVERY = 1_000;

/** Parts of the way back that are bet on. */
const PARTS = [0.5, 1, 2] as const;

/**
 * A test of whether an incident is over: it bets against "failures are still half as far above what is tolerated as they were".
 * The same detector on the mirror of every score, whose failures are passes.
 *
 * @param failRate - of the incident, since its change point; in [0, 1]
 * @param seen - cells of the baseline or of the incident, for the smallest probability that traces were drawn with
 */
export function createRecovery(baseline: Baseline, failRate: number, seen: readonly Cell[]): DetectorState {
  const worse = Math.min(1, Math.max(failRate, baseline.nullRate + 1e-6));
  const middle = (worse + baseline.nullRate) / 2;
  const { settled, suspected, unsuspected, incomplete } = baseline.stratumRates;
  const stratumRates: Record<Stratum, number> = {
    ...{ settled: 1 - settled, suspected: 1 - suspected },
    ...{ unsuspected: 1 - unsuspected, incomplete: 1 - incomplete },
  };
  const known = { stratumRates, nullRate: 1 - middle, upstreamWeight: baseline.upstreamWeight };
  const worstLoss = Math.max(worstLossOf(seen.map(mirrored), known), middle);
  const way = middle - baseline.failRate;
  // What of the way back shows in one trace varies as it did before, and as failures themselves do.
  const variance = Math.max(baseline.variance, middle * (1 - middle));
  return createDetector(
    {
      ...baseline,
      ...known,
      ...{ failRate: 1 - middle, variance, worstLoss },
      bets: PARTS.map((part) => ({
        change: part * way,
        lambda: Math.min((part * way) / (variance + (part * way) ** 2), LARGEST_STAKE / worstLoss),
      })),
    },
    { checksPerFalseAlarm: CHECKS_PER_FALSE_RECOVERY },
  );
}

/** The test after more traces; `evidence(…).isAlarm` says that it is over. */
export function updateRecovery(state: DetectorState, batch: DetectorBatch): DetectorState {
  return updateDetector(state, { ...batch, cells: batch.cells.map(mirrored) });
}

function mirrored(cell: Cell): Cell {
  return { ...cell, passed: cell.failed, failed: cell.passed };
}
