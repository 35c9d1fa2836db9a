import type { Cell, LabelledCell } from '../core/cell.js';
import { STRATA } from '../core/decision.js';
import { ppi } from './ppi.js';
import { roganGladen } from './rogan-gladen.js';
import { twoPhase, type LabelStratum } from './two-phase.js';
import { Z_95 } from './wilson.js';

/** A rate with its interval, both in [0, 1]. */
export interface RateInterval {
  readonly passRate: number;
  readonly interval: readonly [low: number, high: number];
}

/** The pass rate that people would tell if they had looked at every trace. */
export interface CorrectedRate extends RateInterval {
  /** Labels that it rests on. */
  readonly labels: number;
  readonly oldestLabelMs: number;
  readonly newestLabelMs: number;
  /** Share of the traffic in cells without a label: each counts as 0 to 100 %. */
  readonly unlabelledShare: number;
  /** Other estimates from the same labels, each weighted back to the traffic. Wider, and of other assumptions. */
  readonly beside: {
    readonly roganGladen: RateInterval | null;
    readonly ppi: RateInterval | null;
  };
}

/**
 * Two-phase estimate from the counts that the store has: sizes of strata, verdicts in them, labels on these.
 *
 * @param cells - of the slice, as for the judged rate
 * @param labelled - of the same slice and criterion
 * @returns null where labels do not allow one: none at all, or more than 5 % of the traffic in cells without any
 */
export function correctedPassRate(cells: readonly Cell[], labelled: readonly LabelledCell[]): CorrectedRate | null {
  const size = sum(cells, ({ traces, upstreamWeight }) => traces * upstreamWeight);
  if (!(size > 0)) return null;
  const strata = STRATA.flatMap((stratum): readonly LabelStratum[] => {
    const own = cells.filter((cell) => cell.stratum === stratum);
    const share = sum(own, ({ traces, upstreamWeight }) => traces * upstreamWeight) / size;
    return share === 0
      ? []
      : [
          toStratum(
            share,
            labelled.filter((cell) => cell.stratum === stratum),
            stratum === 'settled',
          ),
        ];
  });
  const squares = sum(cells, ({ traces, upstreamWeight }) => traces * upstreamWeight ** 2);
  const estimate = twoPhase(strata, { traces: size ** 2 / squares });
  if (estimate === null) return null;
  const withLabels = labelled.filter(({ labels }) => labels > 0);
  return {
    passRate: 1 - estimate.failRate,
    interval: [1 - estimate.interval[1], 1 - estimate.interval[0]],
    labels: sum(withLabels, ({ labels }) => labels),
    oldestLabelMs: Math.min(...withLabels.map(({ oldestLabelMs }) => oldestLabelMs)),
    newestLabelMs: Math.max(...withLabels.map(({ newestLabelMs }) => newestLabelMs)),
    unlabelledShare: estimate.unlabelledShare,
    beside: besides(strata, labelled),
  };
}

function toStratum(share: number, labelled: readonly LabelledCell[], isKnown: boolean): LabelStratum {
  const weight = sum(labelled, (cell) => cell.weight);
  const squares = sum(labelled, (cell) => cell.squares);
  return {
    share,
    verdicts: isKnown ? Infinity : squares === 0 ? 0 : weight ** 2 / squares,
    cells: labelled.map((cell) => ({ share: cell.weight / weight, ...effectiveLabels(cell) })),
  };
}

/** As many labels of one weight as would tell as much (Kish), and how many of them fail. */
function effectiveLabels(cell: LabelledCell): { readonly labels: number; readonly failed: number } {
  const { labelWeight, labelSquares, failedWeight } = cell;
  if (labelWeight === 0) return { labels: 0, failed: 0 };
  const labels = Math.max(1, labelWeight ** 2 / labelSquares);
  return { labels, failed: Math.min(labels, (labels * failedWeight) / labelWeight) };
}

/** What labels of a cell stand for in the whole traffic, by what the judge and people say. */
interface Weighted {
  readonly judgeFails: boolean;
  readonly share: number;
  readonly labels: number;
  readonly failShare: number;
}

function besides(strata: readonly LabelStratum[], labelled: readonly LabelledCell[]): CorrectedRate['beside'] {
  // In the order of the strata, as they were made.
  const order = STRATA.flatMap((stratum) => labelled.filter((cell) => cell.stratum === stratum));
  const weighted = strata
    .flatMap(({ share, cells }) => cells.map((cell) => ({ ...cell, share: share * cell.share })))
    .map((cell, index): Weighted => ({
      judgeFails: order[index]?.passed === false,
      share: cell.share,
      labels: cell.labels,
      failShare: cell.labels === 0 ? 0 : cell.failed / cell.labels,
    }))
    .filter(({ labels }) => labels > 0);
  const judged = labelled.reduce((total, { traces }) => total + traces, 0);
  return { roganGladen: byErrorRates(weighted, judged), ppi: byPredictions(weighted, judged) };
}

function byErrorRates(cells: readonly Weighted[], judged: number): RateInterval | null {
  const passes = countedOf(
    cells.map((cell) => ({ ...cell, mass: cell.share * (1 - cell.failShare), hits: !cell.judgeFails })),
  );
  const fails = countedOf(cells.map((cell) => ({ ...cell, mass: cell.share * cell.failShare, hits: cell.judgeFails })));
  if (passes === null || fails === null) return null;
  const total = sum(cells, ({ share }) => share);
  const passShare = sum(cells, ({ share, judgeFails }) => (judgeFails ? 0 : share)) / total;
  return roganGladen({ judgedPass: { count: passShare * judged, n: judged }, truePass: passes, trueFail: fails });
}

interface Mass {
  readonly mass: number;
  readonly share: number;
  readonly labels: number;
  readonly hits: boolean;
}

/** The share of the mass that hits, as a count out of Kish's number; a label of a cell weighs share / labels. */
function countedOf(cells: readonly Mass[]): { readonly count: number; readonly n: number } | null {
  const mass = sum(cells, (cell) => cell.mass);
  if (!(mass > 0)) return null;
  const n = Math.max(1, mass ** 2 / sum(cells, (cell) => (cell.mass * cell.share) / cell.labels));
  return { count: Math.min(n, (n * sum(cells, (cell) => (cell.hits ? cell.mass : 0))) / mass), n };
}

function byPredictions(cells: readonly Weighted[], judged: number): RateInterval | null {
  const total = sum(cells, ({ share }) => share);
  if (!(total > 0) || judged === 0) return null;
  const n = total ** 2 / sum(cells, ({ share, labels }) => share ** 2 / labels);
  const count = (pick: (cell: Weighted) => number): number =>
    (n * sum(cells, (cell) => cell.share * pick(cell))) / total;
  const judgeFails = count((cell) => (cell.judgeFails ? 1 : 0)) / n;
  const { failRate, interval } = ppi(
    {
      bothFail: count((cell) => (cell.judgeFails ? cell.failShare : 0)),
      labelFails: count((cell) => (cell.judgeFails ? 0 : cell.failShare)),
      judgeFails: count((cell) => (cell.judgeFails ? 1 - cell.failShare : 0)),
      bothPass: count((cell) => (cell.judgeFails ? 0 : 1 - cell.failShare)),
    },
    { failed: judgeFails * judged, n: judged },
    { z: Z_95 },
  );
  return { passRate: clamp(1 - failRate), interval: [clamp(1 - interval[1]), clamp(1 - interval[0])] };
}

function clamp(rate: number): number {
  return Math.min(1, Math.max(0, rate));
}

function sum<Item>(items: readonly Item[], pick: (item: Item) => number): number {
  return items.reduce((total, item) => total + pick(item), 0);
}
