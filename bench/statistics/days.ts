import { estimatePassRate } from '../../gates/index.js';
import { createPrng } from '../estimates/prng.js';
import { drawCells, mixOf, NO_REGRESSION, reportedFailRate, type Judge, type Traffic } from './traffic.js';
import { percent, points, toTable, type Effort, type Goal, type Section } from './section.js';

const JUDGE: Judge = { name: '.95 / .995', sensitivity: 0.95, specificity: 0.995 };

interface Row {
  readonly tracesPerDay: number;
  /** Of the unsuspected; every suspected trace is judged. */
  readonly pi: number;
  readonly coverage: readonly [low: number, high: number];
}

const ROWS: readonly Row[] = [
  { tracesPerDay: 1_000_000, pi: 0.02, coverage: [0.93, 0.97] },
  { tracesPerDay: 1_000_000, pi: 0.01, coverage: [0.93, 0.97] },
  { tracesPerDay: 200, pi: 1, coverage: [0.93, 0.98] },
  { tracesPerDay: 200, pi: 0.2, coverage: [0.93, 0.98] },
];

const DAYS = 2_000;
const LARGEST_BIAS = 0.0005;

interface Found {
  readonly bias: number;
  /** Of the mean over all days. */
  readonly monteCarloError: number;
  readonly coverage: number;
  readonly plainBias: number;
  readonly plainCoverage: number;
}

/** Do the estimates of simulated days hold what the instrument would report if nothing were sampled out? */
export function estimatesSection({ seed, factor }: Effort): Section {
  const days = DAYS * factor;
  const found = ROWS.map((row, index) => ({ row, ...simulate(row, { seeds: [seed, 1, index], days }) }));
  const goals = found.flatMap(({ row, bias, monteCarloError, coverage }): Goal[] => {
    const where = `${row.tracesPerDay.toLocaleString('en-US')} traces a day, pi ${row.pi}`;
    const limit = Math.max(LARGEST_BIAS, 3 * monteCarloError);
    const [low, high] = row.coverage;
    return [
      { what: `bias, ${where}`, measured: points(bias), goal: points(limit), held: Math.abs(bias) <= limit },
      {
        what: `coverage, ${where}`,
        measured: percent(coverage),
        goal: `${percent(low, 0)} to ${percent(high, 0)}`,
        held: coverage >= low && coverage <= high,
      },
    ];
  });
  const table = toTable(
    ['traces a day', 'pi', 'bias', 'its own error', 'coverage', 'plain mean: bias', 'covers'],
    found.map(({ row, ...each }) => [
      row.tracesPerDay.toLocaleString('en-US'),
      String(row.pi),
      points(each.bias),
      points(each.monteCarloError),
      percent(each.coverage),
      points(each.plainBias, 2),
      percent(each.plainCoverage),
    ]),
  );
  const text = `${days.toLocaleString('en-US')} days a row. The plain mean is that of the judged traces, with the Wilson interval that goes with it.\n\n${table}`;
  return { title: 'Estimates', text, goals };
}

function simulate(row: Row, { seeds, days }: { seeds: readonly number[]; days: number }): Found {
  const traffic: Traffic = { tracesPerDay: row.tracesPerDay, pi: { suspected: 1, unsuspected: row.pi }, judge: JUDGE };
  const mix = mixOf(JUDGE, NO_REGRESSION);
  const truth = 1 - reportedFailRate(mix);
  let [errors, squares, covered, plainErrors, plainCovered] = [0, 0, 0, 0, 0];
  for (let day = 0; day < days; day += 1) {
    const cells = drawCells(createPrng(...seeds, day), traffic.tracesPerDay, { pi: traffic.pi, mix });
    const { passRate, interval } = estimatePassRate(cells);
    const plain = estimatePassRate([judgedAlone(cells)]);
    const error = (passRate ?? 0) - truth;
    errors += error;
    squares += error ** 2;
    covered += holds(interval, truth);
    plainErrors += (plain.passRate ?? 0) - truth;
    plainCovered += holds(plain.interval, truth);
  }
  const bias = errors / days;
  return {
    bias,
    monteCarloError: Math.sqrt((squares / days - bias ** 2) / days),
    coverage: covered / days,
    plainBias: plainErrors / days,
    plainCoverage: plainCovered / days,
  };
}

/** The judged traces as if they were all there are. */
function judgedAlone(cells: ReturnType<typeof drawCells>): (typeof cells)[number] {
  const passed = cells.reduce((sum, cell) => sum + cell.passed, 0);
  const failed = cells.reduce((sum, cell) => sum + cell.failed, 0);
  return {
    stratum: 'unsuspected',
    pi: 1,
    upstreamWeight: 1,
    traces: passed + failed,
    passed,
    failed,
    unanswered: 0,
  };
}

function holds(interval: readonly [number, number] | null, rate: number): 0 | 1 {
  return interval !== null && interval[0] <= rate && rate <= interval[1] ? 1 : 0;
}
