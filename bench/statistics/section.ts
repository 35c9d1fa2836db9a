/** A goal, and whether what was measured holds it. */
export interface Goal {
  readonly what: string;
  readonly measured: string;
  readonly goal: string;
  readonly held: boolean;
}

/** What one part of the benchmark found out. */
export interface Section {
  readonly title: string;
  /** Markdown. */
  readonly text: string;
  readonly goals: readonly Goal[];
}

/** How much to simulate. */
export interface Effort {
  readonly seed: number;
  /** 1 by default, 10 in full: multiplies runs. */
  readonly factor: number;
}

/** A Markdown table; the first column to the left, all others to the right. */
export function toTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

export function toGoalTable(goals: readonly Goal[]): string {
  return toTable(
    ['goal', 'measured', 'limit', ''],
    goals.map(({ what, measured, goal, held }) => [what, measured, goal, held ? 'held' : '**missed**']),
  );
}

/** Of values in any order; Infinity counts as the largest. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}

export function points(rate: number, digits = 3): string {
  // Without the sign of a zero that was rounded to.
  return `${Number((100 * rate).toFixed(digits)) + 0} points`;
}

/** A length of time as people say it, in minutes, hours or days. */
export function span(ms: number): string {
  if (!Number.isFinite(ms)) return 'never';
  const minutes = ms / 60_000;
  if (minutes <= 180) return `${minutes.toFixed(0)} min`;
  if (minutes <= 2 * 1_440) return `${(minutes / 60).toFixed(1)} h`;
  return `${(minutes / 1_440).toFixed(0)} d`;
}
