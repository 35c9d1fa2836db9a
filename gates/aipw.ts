import type { Cell } from '../core/cell.js';
import type { MeanEstimate } from './horvitz-thompson.js';

/** Traces that share what a cell shares, and the failure probability that was predicted for them before any verdict. */
export interface PredictedCell extends Omit<Cell, 'stratum'> {
  /** In [0, 1]; fixed before the verdicts. */
  readonly g: number;
}

/**
 * Augmented inverse-probability-weighted failure rate: the prediction `g` of every trace, corrected by what the judged ones
 * show, `X = g + (ξ/π)(Y − g)`. Without bias whatever `g` is; the better it predicts, the narrower the interval. For tests and
 * wherever probabilities differ from trace to trace; a screen shows the post-stratified estimate, which explains itself.
 *
 * Selected traces that nobody answered are taken to be missing at random within their cell: its probability is lowered by their
 * share.
 *
 * @returns failure rate in the long run, with the variance for claims about more than these traces
 * @throws {RangeError} when there are no traces or a cell is impossible
 * @see J. M. Robins, A. Rotnitzky and L. P. Zhao (1994), JASA 89, 846-866; T. Zrnic and E. J. Candès (2024), arXiv 2403.03208
 */
export function aipw(cells: readonly PredictedCell[]): MeanEstimate {
  const scores = cells.flatMap(scoresOf);
  const size = scores.reduce((sum, { count, weight }) => sum + count * weight, 0);
  if (!(size > 0)) throw new RangeError('expected at least one trace, got none');
  const mean = scores.reduce((sum, { count, weight, x }) => sum + count * weight * x, 0) / size;
  const squares = scores.reduce((sum, { count, weight, x }) => sum + count * weight ** 2 * (x - mean) ** 2, 0);
  return { mean, variance: squares / size ** 2 };
}

interface Score {
  readonly count: number;
  /** The upstream weight. */
  readonly weight: number;
  readonly x: number;
}

function scoresOf({ g, pi, upstreamWeight: weight, traces, passed, failed, unanswered }: PredictedCell): Score[] {
  if (!(g >= 0 && g <= 1)) throw new RangeError(`expected a predicted probability in [0, 1], got ${g}`);
  if (!(pi > 0 && pi <= 1)) throw new RangeError(`expected pi in (0, 1], got ${pi}`);
  const answered = passed + failed;
  const rest = traces - answered;
  if (rest < unanswered) throw new RangeError(`expected at most ${traces} answers, got ${answered + unanswered}`);
  if (answered === 0) return [{ count: rest, weight, x: g }];
  const drawn = (pi * answered) / (answered + unanswered);
  return [
    { count: failed, weight, x: g + (1 - g) / drawn },
    { count: passed, weight, x: g - g / drawn },
    { count: rest, weight, x: g },
  ];
}
