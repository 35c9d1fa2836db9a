import type { Cell } from '../core/cell.js';
import { STRATA, type Stratum } from '../core/decision.js';
import { toBands, type Band } from './bands.js';
import { moverMargins } from './mover.js';
import { wilsonInterval, Z_95 } from './wilson.js';

/** From this share of unanswered traces on, "missing at random" is too much to take on trust. */
const UNANSWERED_LIMIT_RATIO = 0.05;

/** What is known about the rate at which traces pass. Shares and rates are in [0, 1]. */
export interface Estimate {
  /** Null when no judge answered for any band and not every trace was settled: no rate is made up. */
  readonly passRate: number | null;
  /** Null when no trace has a verdict at all. */
  readonly interval: readonly [low: number, high: number] | null;
  /** Plain mean over traces with a verdict, judged or settled, as most tools show it. Biased: for comparison only. */
  readonly naiveMean: number | null;
  /** Traces with a pass or a fail from a judge. */
  readonly judged: number;
  readonly traces: number;
  /** Share of the traces that need a judge and that none answered, by weight: what they carry of the rate, not how many there are. */
  readonly unansweredShare: number;
  /** Bounds, sampling error included, if the unanswered had all failed or all passed; when they are above 5 %. */
  readonly worstCase?: readonly [low: number, high: number];
  /** Strata with traces and without a verdict. */
  readonly emptyStrata: readonly Stratum[];
}

export interface EstimateOptions {
  /** Standard normal quantile of the interval; 95 % when absent. */
  readonly z?: number;
  /** Variance of the judged traces with their sessions for clusters, over that of independent ones; at least 1, which it is when absent. */
  readonly sessionEffect?: number;
}

/**
 * Post-stratified estimate of the rate that the whole instrument (checks, then judges) would report if nothing were
 * sampled out, with an interval made for claims about more than these traces ("the release got worse").
 *
 * Sizes of strata come from the ledger. Inside one, verdicts weigh upstream weight / pi (Hájek) and Wilson counts them
 * by their effective number; the strata are joined by MOVER, with the variance between strata as a further term. A stratum without a
 * verdict adds its whole share to the interval, and takes the pooled rate of the other sampled ones in the point
 * estimate. Selected but unanswered traces are taken to be missing at random within their stratum.
 *
 * @throws {RangeError} when a cell is impossible
 * @see docs/adr/0005-estimator.md
 */
export function estimatePassRate(cells: readonly Cell[], options: EstimateOptions = {}): Estimate {
  cells.forEach(assertCell);
  const { sessionEffect = 1 } = options;
  if (!(sessionEffect >= 1)) throw new RangeError(`expected a session effect of at least 1, got ${sessionEffect}`);
  // A variance that is so many times as large is a margin of so many more standard errors.
  const z = (options.z ?? Z_95) * Math.sqrt(sessionEffect);
  const bands = toBands(cells, z);
  const total = (pick: (cell: Cell) => number): number => cells.reduce((sum, cell) => sum + pick(cell), 0);
  const passed = total((cell) => cell.passed);
  const withVerdict = passed + total((cell) => cell.failed);
  const judged = total((cell) => (cell.stratum === 'settled' ? 0 : cell.passed + cell.failed));
  const unansweredShare = unansweredShareOf(cells);
  const combined = combine(bands, z);
  return {
    ...combined,
    naiveMean: withVerdict === 0 ? null : passed / withVerdict,
    judged,
    traces: total((cell) => cell.traces),
    unansweredShare,
    ...(unansweredShare > UNANSWERED_LIMIT_RATIO ? { worstCase: around(combined.interval, worstCase(cells, z)) } : {}),
    emptyStrata: STRATA.filter((stratum) => bands.some((band) => band.stratum === stratum && band.rate === null)),
  };
}

function combine(bands: readonly Band[], z: number): Pick<Estimate, 'passRate' | 'interval'> {
  const size = sum(bands, (band) => band.size);
  const known = bands.filter((band) => band.rate !== null);
  if (known.length === 0) return { passRate: null, interval: null };
  if (bands.every((band) => band.stratum === 'settled' && band.rate !== null)) return settledOnly(bands, z);
  const unknownShare = sum(bands, (band) => (band.rate === null ? band.size / size : 0));
  const knownPart = sum(known, (band) => (band.size / size) * band.rate!);
  const pooled = pooledRate(known);
  const passRate = unknownShare === 0 ? knownPart : pooled === null ? null : knownPart + unknownShare * pooled;
  const centre = passRate ?? knownPart + unknownShare / 2;
  const terms = known.map((band) => {
    const share = band.size / size;
    return { estimate: share * band.rate!, low: share * band.interval[0], high: share * band.interval[1] };
  });
  const [below, above] = moverMargins(terms, z * z * varianceBetween(bands, centre));
  // What is not known is no random error: it is added whole, not in quadrature.
  return {
    passRate: passRate === null ? null : clamp(passRate),
    interval: [clamp(knownPart - below), clamp(knownPart + unknownShare + above)],
  };
}

/** Nothing was sampled, so the mix is all there is to vary, and few traces can all be of one kind: Wilson, not a variance. */
function settledOnly(bands: readonly Band[], z: number): Pick<Estimate, 'passRate' | 'interval'> {
  const size = sum(bands, (band) => band.size);
  const passRate = sum(bands, (band) => band.size * band.rate!) / size;
  const n = Math.max(1, size ** 2 / sum(bands, (band) => band.sizeVariance));
  return { passRate, interval: wilsonInterval(passRate * n, n, z) };
}

/** Variance that the shares of the bands bring: other days have other mixes. A band of unknown rate is taken at its worst. */
function varianceBetween(bands: readonly Band[], centre: number): number {
  const size = sum(bands, (band) => band.size);
  return sum(bands, (band) => {
    const distance = band.rate === null ? Math.max(centre, 1 - centre) : band.rate - centre;
    return (band.sizeVariance * distance ** 2) / size ** 2;
  });
}

/** What the sampled bands say together. Settled ones are left out: a check that fails a trace says nothing of others. */
function pooledRate(known: readonly Band[]): number | null {
  const sampled = known.filter((band) => band.stratum !== 'settled');
  if (sampled.length === 0) return null;
  return sum(sampled, (band) => band.size * band.rate!) / sum(sampled, (band) => band.size);
}

function worstCase(cells: readonly Cell[], z: number): readonly [low: number, high: number] {
  const answeredAs = (outcome: 'passed' | 'failed'): readonly [number, number] => {
    const answered = cells.map((cell) => ({ ...cell, [outcome]: cell[outcome] + unansweredOf(cell), unanswered: 0 }));
    return combine(toBands(answered, z), z).interval ?? [0, 1];
  };
  return [answeredAs('failed')[0], answeredAs('passed')[1]];
}

/** More answers narrow an interval, so few traces that all went one way can come out narrower than they were without. */
function around(interval: Estimate['interval'], [low, high]: readonly [number, number]): readonly [number, number] {
  return interval === null ? [low, high] : [Math.min(interval[0], low), Math.max(interval[1], high)];
}

/** By weight: a few unanswered traces of a thinly sampled stratum can carry much of a rate, and those without content are all here. */
function unansweredShareOf(cells: readonly Cell[]): number {
  let unanswered = 0;
  let judged = 0;
  for (const cell of cells) {
    if (cell.stratum === 'settled') continue;
    const weight = cell.upstreamWeight / cell.pi;
    unanswered += unansweredOf(cell) * weight;
    judged += (cell.passed + cell.failed) * weight;
  }
  return unanswered === 0 ? 0 : unanswered / (unanswered + judged);
}

function unansweredOf(cell: Cell): number {
  return cell.stratum === 'settled' ? 0 : cell.unanswered;
}

function sum(bands: readonly Band[], pick: (band: Band) => number): number {
  return bands.reduce((total, band) => total + pick(band), 0);
}

function clamp(rate: number): number {
  return Math.min(1, Math.max(0, rate));
}

/** @throws {RangeError} when the counts or the weights of a cell are impossible */
export function assertCell(cell: Cell): void {
  const { stratum, pi, upstreamWeight, traces, passed, failed, unanswered } = cell;
  const where = `in a cell of stratum ${stratum}`;
  if (!(pi > 0 && pi <= 1)) throw new RangeError(`expected pi in (0, 1], got ${pi} ${where}`);
  if (!(upstreamWeight >= 1) || !Number.isFinite(upstreamWeight)) {
    throw new RangeError(`expected an upstream weight >= 1, got ${upstreamWeight} ${where}`);
  }
  for (const count of [traces, passed, failed, unanswered]) {
    if (!Number.isInteger(count) || count < 0)
      throw new RangeError(`expected whole counts >= 0, got ${count} ${where}`);
  }
  if (passed + failed + unanswered > traces) {
    throw new RangeError(`expected at most ${traces} answers, got ${passed + failed + unanswered} ${where}`);
  }
}
