import { batchLengthMs, checksPerYear } from '../../gates/index.js';
import { createPrng } from '../estimates/prng.js';
import { naiveDelayMs, naiveFalseAlarms } from './naive.js';
import { quantile, span, toTable, type Effort, type Goal, type Section } from './section.js';
import type { Judge } from './traffic.js';
import { delayMs, falseAlarms, type Watching } from './watch.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const PERFECT: Judge = { name: 'perfect', sensitivity: 1, specificity: 1 };
const GOOD: Judge = { name: '.95 / .995', sensitivity: 0.95, specificity: 0.995 };
const RAW: Judge = { name: '.865 / .975, raw', sensitivity: 0.865, specificity: 0.975 };
const CONFIRMED: Judge = {
  name: '.865 / .975, FAILs confirmed',
  sensitivity: 0.865,
  specificity: 0.975,
  confirmed: { trueFails: 0.96, falseFails: 0.12 },
};

interface Row {
  readonly scale: string;
  readonly tracesPerDay: number;
  /** Of the unsuspected; every suspected trace is judged. */
  readonly pi: number;
  readonly baselineDays: number;
  readonly judge: Judge;
  /** Runs of each delay, and metric-years without any change. */
  readonly runs: number;
  readonly years: number;
  /** Largest median delays in ms; not given where they are reported only. */
  readonly goals?: { readonly visible: number; readonly silent: number };
}

const MILLION = { scale: '1,000,000 a day', tracesPerDay: 1_000_000, pi: 0.02, baselineDays: 14, runs: 400, years: 20 };
const WEEKLY = { tracesPerDay: 2_000 / 7, pi: 1, runs: 800, years: 500 };
const minutes = (visible: number, silent: number): Required<Row>['goals'] => ({
  visible: visible * MINUTE_MS,
  silent: silent * MINUTE_MS,
});

const ROWS: readonly Row[] = [
  { ...MILLION, judge: PERFECT, goals: minutes(30, 120) },
  { ...MILLION, judge: GOOD, goals: minutes(45, 100) },
  { ...MILLION, judge: RAW },
  { ...MILLION, judge: CONFIRMED, goals: minutes(60, 120) },
  {
    ...WEEKLY,
    scale: '2,000 a week, baseline of 60 d',
    baselineDays: 60,
    judge: CONFIRMED,
    goals: { visible: 8 * DAY_MS, silent: 8 * DAY_MS },
  },
  { ...WEEKLY, scale: '2,000 a week, baseline of 14 d', baselineDays: 14, judge: CONFIRMED },
];

const DROP = 0.02;
/** Share of new failures that suspicion sees. */
const SEEN = { visible: 0.8, silent: 0 } as const;
const LONGEST_DAYS = 60;

/** How soon is a drop of two points told, and how often one that is none? */
export function alarmsSection(effort: Effort): Section {
  const found = ROWS.map((row, index) => ({ row, ...measure(row, index, effort) }));
  const goals = found.flatMap(({ row, visible, silent, alarmsPerYear }): Goal[] => {
    const where = `${row.scale}, judge ${row.judge.name}`;
    return [
      {
        what: `false alarms per metric and year, ${where}`,
        measured: alarmsPerYear.toFixed(3),
        goal: 'at most 1',
        held: alarmsPerYear <= 1,
      },
      ...(row.goals === undefined
        ? []
        : [
            delayGoal(`median delay, seen by suspicion, ${where}`, visible, row.goals.visible),
            delayGoal(`median delay, unseen, ${where}`, silent, row.goals.silent),
          ]),
    ];
  });
  const table = toTable(
    ['traces', 'judge', 'delay when suspicion sees it (p90)', 'unseen (p90)', 'false alarms a year', 'of years'],
    found.map(({ row, visible, silent, alarmsPerYear, years }) => [
      row.scale,
      row.judge.name,
      delays(visible),
      delays(silent),
      alarmsPerYear.toFixed(3),
      String(years),
    ]),
  );
  const text = [
    `A drop of two points, of whose failures suspicion sees 80 % or none. ${TRUTH}`,
    `Five-minute batches at a million a day, daily ones at 2,000 a week; A is one false alarm a year. The baseline is drawn too.`,
    `Medians of ${MILLION.runs * effort.factor} and ${WEEKLY.runs * effort.factor} runs, of at most ${LONGEST_DAYS} days.`,
    '',
    table,
    '',
    naiveText(effort),
  ].join('\n');
  return { title: 'Regression alarm', text, goals };
}

interface Found {
  readonly visible: readonly number[];
  readonly silent: readonly number[];
  readonly alarmsPerYear: number;
  readonly years: number;
}

function measure(row: Row, index: number, { seed, factor }: Effort): Found {
  const batchMs = batchLengthMs(row.tracesPerDay);
  const watching: Watching = {
    traffic: { tracesPerDay: row.tracesPerDay, pi: { suspected: 1, unsuspected: row.pi }, judge: row.judge },
    baselineDays: row.baselineDays,
    batchMs,
    checksPerFalseAlarm: checksPerYear(batchMs),
  };
  const delaysAt = (seenRatio: number, stream: number): readonly number[] =>
    Array.from({ length: row.runs * factor }, (_, run) =>
      delayMs(createPrng(seed, 2, index, stream, run), watching, {
        regression: { drop: DROP, seenRatio },
        maxDays: LONGEST_DAYS,
      }),
    );
  const years = row.years * factor;
  let alarms = 0;
  for (let year = 0; year < years; year += 1) {
    alarms += falseAlarms(createPrng(seed, 3, index, year), watching, 365);
  }
  return {
    visible: delaysAt(SEEN.visible, 1),
    silent: delaysAt(SEEN.silent, 2),
    alarmsPerYear: alarms / years,
    years,
  };
}

function delayGoal(what: string, values: readonly number[], limit: number): Goal {
  const median = quantile(values, 0.5);
  return { what, measured: span(median), goal: `at most ${span(limit)}`, held: median <= limit };
}

function delays(values: readonly number[]): string {
  return `${span(quantile(values, 0.5))} (${span(quantile(values, 0.9))})`;
}

const TRUTH = 'Without it 3 % fail: 40 % of the suspected 6 %, .638 % of the rest. Suspected traces are all judged.';

const NAIVE_ROWS = [
  { scale: '1,000,000 a day', tracesPerDay: 1_000_000, pi: 0.02 },
  { scale: '2,000 a week, all judged', tracesPerDay: 2_000 / 7, pi: 1 },
  { scale: '2,000 a week, 5 % judged', tracesPerDay: 2_000 / 7, pi: 0.05 },
] as const;

const NAIVE_RUNS = 200;

/** The rolling rule of the product beside it, once a day on seven days against fourteen. */
function naiveText({ seed, factor }: Effort): string {
  const runs = NAIVE_RUNS * factor;
  const rows = NAIVE_ROWS.map(({ scale, tracesPerDay, pi }, index) => {
    const traffic = { tracesPerDay, pi: { suspected: 1, unsuspected: pi }, judge: PERFECT };
    const years = Array.from({ length: runs }, (_, run) => naiveFalseAlarms(createPrng(seed, 4, index, run), traffic));
    const drops = Array.from({ length: runs }, (_, run) =>
      naiveDelayMs(createPrng(seed, 5, index, run), traffic, { drop: DROP, seenRatio: SEEN.silent }),
    );
    const smaller = Array.from({ length: runs }, (_, run) =>
      naiveDelayMs(createPrng(seed, 6, index, run), traffic, { drop: DROP / 2, seenRatio: SEEN.silent }),
    );
    const mean = (pick: (year: (typeof years)[number]) => number): number =>
      years.reduce((sum, year) => sum + pick(year), 0) / runs;
    return [
      scale,
      mean(({ byDrop }) => (byDrop > 0 ? 1 : 0)).toFixed(3),
      mean(({ byFloor }) => (byFloor > 0 ? 1 : 0)).toFixed(3),
      delays(drops),
      delays(smaller),
    ];
  });
  return [
    `The rolling rule (drop of .02 over 7 days against 14, adversarial slice × 3, floor .85), once a day, ${runs} runs; a perfect judge, to its favour.`,
    'The adversarial slice is 50 cases a week of which .92 truly pass: no change at all.',
    '',
    toTable(
      ['traces', 'P(false alarm in a year) by drop', 'by floor', 'delay of 2 points, unseen (p90)', 'of 1 point (p90)'],
      rows,
    ),
  ].join('\n');
}
