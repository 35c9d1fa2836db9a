import type { Cost } from './measure.js';

/** One line of the comparison: a subject, and what each round came to. */
export interface Measured {
  readonly name: string;
  readonly costs: readonly Cost[];
}

/** The runs as a Markdown table, medians of the rounds. */
export function costTable(runs: readonly Measured[]): string {
  const head = ['', 'spans per CPU-s', 'spans/s', 'CPU-s per wall-s', 'RssAnon, MiB', 'RssFile, MiB'];
  const rows = runs.map(({ name, costs }) => [
    name,
    thousands(median(costs.map(({ perCpuSecond }) => perCpuSecond))),
    thousands(median(costs.map(({ perSecond }) => perSecond))),
    median(costs.map(({ cpuSeconds, seconds }) => cpuSeconds / seconds)).toFixed(2),
    thousands(Math.max(...costs.map(({ rssAnonMib }) => rssAnonMib))),
    thousands(Math.max(...costs.map(({ rssFileMib }) => rssFileMib))),
  ]);
  return markdown(head, rows);
}

/** What is asked of one subject beside another, in the same round. */
export interface Ratio {
  readonly name: string;
  readonly ours: Measured;
  readonly theirs: Measured;
  readonly of: 'perCpuSecond' | 'perSecond';
  /** At least this much. */
  readonly goal?: number;
}

/** Ratios paired by round: least, median, most. */
export function ratioTable(ratios: readonly Ratio[]): string {
  const rows = ratios.map(({ name, ours, theirs, of, goal }) => {
    const paired = ours.costs.map((cost, round) => cost[of] / theirs.costs[round]![of]).sort((a, b) => a - b);
    const middle = median(paired);
    const held = goal === undefined ? '' : middle >= goal ? `${goal}: held` : `${goal}: **missed**`;
    const unit = of === 'perCpuSecond' ? 'CPU' : 'wall';
    return [name, unit, paired[0]!.toFixed(2), middle.toFixed(2), paired.at(-1)!.toFixed(2), held];
  });
  return markdown(['ratio', 'per', 'least', 'median', 'most', 'goal'], rows);
}

/** A Markdown table, numbers to the right. */
export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Whole, with commas. */
export function thousands(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
