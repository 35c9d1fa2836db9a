import type { Cell } from '../../core/cell.js';
import { STRATA, type Stratum } from '../../core/decision.js';
import { estimatePassRate, wilsonInterval } from '../../gates/index.js';
import { POPULATION, reportedFailRatio, reportedPassRate } from './population.js';
import { createPrng, randomTraceId, type Prng } from './prng.js';
import { DAY_MS, NOON_MS, type Row } from './rows.js';
import { createSelector, type Selector } from './selector.js';
import type { Tally } from './tally.js';

/** Counts of one cell while the day goes on. */
type Counting = { -readonly [Field in keyof Cell]: Cell[Field] };
type Counts = ReadonlyMap<Stratum, Map<number, Counting>>;

/**
 * One day of traffic through the product's sampling decision and its estimator. Every trace gets a random id, a stratum
 * and what the instrument would report of it; whether it is judged is the product's decision alone.
 *
 * @param seeds - the run's, the row's and the day's: the same day comes out whatever thread runs it
 */
export function simulateDay(row: Row, seeds: readonly number[]): Tally {
  const prng = createPrng(...seeds);
  const selector = createSelector(`seed ${seeds[0] ?? 0}`, row.policies);
  const counts: Counts = new Map(STRATA.map((stratum) => [stratum, new Map<number, Counting>()]));
  let passedOfAll = 0;
  for (let index = 0; index < row.tracesPerDay; index += 1) {
    const busTimeMs = Math.floor((index / row.tracesPerDay) * DAY_MS);
    const stratum = drawStratum(prng);
    const failFactor = busTimeMs < NOON_MS ? 1 : row.failFactorAfterNoon;
    const passes = prng.uniform() >= reportedFailRatio(POPULATION, stratum, failFactor);
    if (passes) passedOfAll += 1;
    countTrace(counts, { stratum, passes, busTimeMs }, { prng, selector });
  }
  const cells = [...counts.values()].flatMap((byPi) => [...byPi.values()]);
  return tallyOf(cells, row, passedOfAll / row.tracesPerDay);
}

interface Trace {
  readonly stratum: Stratum;
  readonly passes: boolean;
  readonly busTimeMs: number;
}

function countTrace(counts: Counts, trace: Trace, { prng, selector }: { prng: Prng; selector: Selector }): void {
  const { stratum, passes, busTimeMs } = trace;
  const { pi, selected } = selector.draw(randomTraceId(prng), stratum, busTimeMs);
  const cell = cellOf(counts, stratum, pi);
  cell.traces += 1;
  if (!selected && stratum !== 'settled') return;
  if (stratum !== 'settled' && prng.uniform() < POPULATION.unansweredRatio) cell.unanswered += 1;
  else if (passes) cell.passed += 1;
  else cell.failed += 1;
}

function cellOf(counts: Counts, stratum: Stratum, pi: number): Counting {
  const byPi = counts.get(stratum)!;
  let cell = byPi.get(pi);
  if (cell === undefined) {
    cell = { stratum, pi, upstreamWeight: 1, traces: 0, passed: 0, failed: 0, unanswered: 0 };
    byPi.set(pi, cell);
  }
  return cell;
}

function tallyOf(cells: readonly Cell[], row: Row, ownRate: number): Tally {
  // Half of the traces come before noon, when nothing has gone wrong yet.
  const truth = (reportedPassRate(POPULATION, 1) + reportedPassRate(POPULATION, row.failFactorAfterNoon)) / 2;
  const { passRate, interval, naiveMean } = estimatePassRate(cells);
  const withVerdict = cells.reduce((sum, cell) => sum + cell.passed + cell.failed, 0);
  const selected = cells.reduce(
    (sum, cell) => (cell.stratum === 'settled' ? sum : sum + cell.passed + cell.failed + cell.unanswered),
    0,
  );
  const judgedShare = selected / row.tracesPerDay;
  const [low, high] = interval ?? [0, 1];
  const plain = naiveMean ?? 0;
  const [plainLow, plainHigh] = wilsonInterval(plain * withVerdict, withVerdict);
  return {
    days: 1,
    judgedShare,
    largestJudgedShare: judgedShare,
    width: high - low,
    covered: holds(low, high, truth),
    coveredOwnDay: holds(low, high, ownRate),
    missedAbove: truth > high ? 1 : 0,
    error: (passRate ?? 0) - truth,
    plainError: plain - truth,
    plainCovered: holds(plainLow, plainHigh, truth),
  };
}

function holds(low: number, high: number, rate: number): 0 | 1 {
  return low <= rate && rate <= high ? 1 : 0;
}

function drawStratum(prng: Prng): Stratum {
  let left = prng.uniform();
  for (const stratum of STRATA) {
    left -= POPULATION.share[stratum];
    if (left < 0) return stratum;
  }
  return 'unsuspected';
}
