import type { Row } from './rows.js';
import type { Tally } from './tally.js';

/** What is printed of one row. Shares, rates and widths are in [0, 1]. */
export interface Summary {
  readonly tracesPerDay: number;
  readonly plan: string;
  readonly days: number;
  readonly judgedShare: number;
  readonly largestJudgedShare: number;
  readonly meanWidth: number;
  readonly coverage: number;
  readonly missedAbove: number;
  readonly coverageOfOwnDay: number;
  readonly bias: number;
  readonly plainMeanBias: number;
  readonly plainMeanCoverage: number;
  /** What did not hold; empty when all did. */
  readonly broken: readonly string[];
}

/** Below this many days a coverage is too noisy for the promised limits, which are then widened by its own error. */
const ENOUGH_DAYS = 1_000;

export function summarize(row: Row, tally: Tally): Summary {
  const { days } = tally;
  const summary = {
    tracesPerDay: row.tracesPerDay,
    plan: row.plan,
    days,
    judgedShare: tally.judgedShare / days,
    largestJudgedShare: tally.largestJudgedShare,
    meanWidth: tally.width / days,
    coverage: tally.covered / days,
    missedAbove: tally.missedAbove / days,
    coverageOfOwnDay: tally.coveredOwnDay / days,
    bias: tally.error / days,
    plainMeanBias: tally.plainError / days,
    plainMeanCoverage: tally.plainCovered / days,
  };
  return { ...summary, broken: brokenLimits(row, summary) };
}

function brokenLimits({ limits }: Row, summary: Omit<Summary, 'broken'>): readonly string[] {
  const { coverage, judgedShare, meanWidth, days } = summary;
  const slack = days < ENOUGH_DAYS ? 3 * Math.sqrt((0.95 * 0.05) / days) : 0;
  const [low, high] = limits.coverage;
  const broken: string[] = [];
  if (coverage < low - slack || coverage > high + slack) {
    broken.push(`coverage ${percent(coverage)} is outside ${percent(low)} to ${percent(high)}`);
  }
  if (judgedShare > limits.judgedShare) {
    broken.push(`judged share ${percent(judgedShare)} is above ${percent(limits.judgedShare)}`);
  }
  if (limits.width !== undefined && meanWidth > limits.width) {
    broken.push(`mean width ${points(meanWidth)} points is above ${points(limits.width)}`);
  }
  return broken;
}

const HEADINGS = [
  'traces/day',
  'plan for the unsuspected',
  'days',
  'judged (largest day)',
  'width, points',
  'coverage',
  'above / below',
  'own day covered',
  'bias, points',
  'plain mean: bias',
  'covers',
  'holds',
] as const;

/** A Markdown table, aligned so that it reads as it is. */
export function toTable(summaries: readonly Summary[]): string {
  const lines = [[...HEADINGS], ...summaries.map(toCells)];
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const format = (line: readonly string[]): string =>
    `| ${line.map((text, column) => (column === 1 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 1 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  const [head = [], ...body] = lines;
  return [format(head), rule, ...body.map(format)].join('\n');
}

function toCells(summary: Summary): string[] {
  return [
    summary.tracesPerDay.toLocaleString('en-US'),
    summary.plan,
    summary.days.toLocaleString('en-US'),
    `${percent(summary.judgedShare)} (${percent(summary.largestJudgedShare)})`,
    points(summary.meanWidth),
    percent(summary.coverage),
    `${percent(summary.missedAbove)} / ${percent(1 - summary.coverage - summary.missedAbove)}`,
    percent(summary.coverageOfOwnDay),
    points(summary.bias, 3),
    points(summary.plainMeanBias),
    percent(summary.plainMeanCoverage),
    summary.broken.length === 0 ? 'yes' : 'NO',
  ];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function points(rate: number, digits = 2): string {
  return (100 * rate).toFixed(digits);
}
