/** Labels that a cell gets at least, as far as it has traces. */
export const LABEL_FLOOR = 20;

/** A cell that labels are shared out to. */
export interface LabelDemand {
  /** Of the population, by weight; >= 0. */
  readonly share: number;
  /** Guess of the share in it that truly fails; in [0, 1]. */
  readonly rate: number;
  /** Traces that could be labelled, those that are among them. */
  readonly available: number;
}

/**
 * Shares labels out so that the corrected rate gets its narrowest interval: proportional to `W_c √(r_c (1 − r_c))`, at least
 * twenty a cell, and never more than a cell has traces. Where there are too few for the floors, the cells get the same.
 *
 * @param total - whole labels to share out
 * @returns whole labels a cell, in the order given; they sum to the total, or to what is available where that is less
 * @throws {RangeError} when a share, a rate or the total is impossible
 * @see J. Neyman (1934), J. Royal Statistical Society 97, 558-625
 */
export function allocateLabels(cells: readonly LabelDemand[], total: number, floor = LABEL_FLOOR): readonly number[] {
  if (!Number.isInteger(total) || total < 0) throw new RangeError(`expected a whole number of labels, got ${total}`);
  cells.forEach(assertDemand);
  const floors = cells.map(({ available }) => Math.min(floor, available));
  const least = floors.reduce((sum, labels) => sum + labels, 0);
  if (total <= least)
    return toWhole(
      spread(
        cells.map(() => 1),
        { least: cells.map(() => 0), most: floors, total },
      ),
    );
  const demands = cells.map(({ share, rate }) => share * Math.sqrt(rate * (1 - rate)));
  return toWhole(spread(demands, { least: floors, most: cells.map(({ available }) => available), total }));
}

interface Bounds {
  readonly least: readonly number[];
  readonly most: readonly number[];
  readonly total: number;
}

/**
 * As much of the total to each as the factor gives that makes them sum to it, within their bounds. The factor is found by
 * bisection: what it gives grows with it.
 */
function spread(demands: readonly number[], { least, most, total }: Bounds): readonly number[] {
  const room = Math.min(
    total,
    most.reduce((sum, bound) => sum + bound, 0),
  );
  const at = (factor: number): readonly number[] =>
    demands.map((demand, index) => Math.min(most[index]!, Math.max(least[index]!, factor * demand)));
  const sumAt = (factor: number): number => at(factor).reduce((sum, labels) => sum + labels, 0);
  let low = 0;
  let high = 1;
  while (sumAt(high) < room && high < 1e300) high *= 2;
  for (let step = 0; step < 200; step += 1) {
    const middle = (low + high) / 2;
    if (sumAt(middle) < room) low = middle;
    else high = middle;
  }
  return at(high);
}

/** By the largest remainders, so that the sum stays. */
function toWhole(parts: readonly number[]): readonly number[] {
  const whole = parts.map((part) => Math.floor(part + 1e-9));
  let left = Math.round(parts.reduce((sum, part) => sum + part, 0)) - whole.reduce((sum, part) => sum + part, 0);
  const order = parts.map((part, index) => ({ index, rest: part - whole[index]! })).sort((a, b) => b.rest - a.rest);
  for (const { index, rest } of order) {
    if (left <= 0 || rest <= 1e-9) break;
    whole[index]! += 1;
    left -= 1;
  }
  return whole;
}

function assertDemand({ share, rate, available }: LabelDemand): void {
  if (!(share >= 0)) throw new RangeError(`expected a share >= 0, got ${share}`);
  if (!(rate >= 0 && rate <= 1)) throw new RangeError(`expected a rate in [0, 1], got ${rate}`);
  if (!Number.isInteger(available) || available < 0)
    throw new RangeError(`expected a whole number of traces, got ${available}`);
}
