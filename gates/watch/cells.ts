import type { Cell } from '../../core/cell.js';

/** What has come since, and what was seen by now. */
export interface News {
  readonly news: readonly Cell[];
  readonly seen: readonly Cell[];
}

/**
 * What was counted since the last look. A trace that was decided anew may leave one count for another: a count that fell is
 * waited out, so that nothing is told twice.
 * @param seen - as the last look gave it
 */
export function newSince(seen: readonly Cell[], now: readonly Cell[]): News {
  const before = new Map(seen.map((cell) => [keyOf(cell), cell]));
  const news: Cell[] = [];
  const after = new Map(before);
  for (const cell of now) {
    const known = before.get(keyOf(cell));
    const more = (count: Count): number => Math.max(0, cell[count] - (known?.[count] ?? 0));
    const answers = { passed: more('passed'), failed: more('failed'), unanswered: more('unanswered') };
    const answered = answers.passed + answers.failed + answers.unanswered;
    // Whoever was answered is there, also where others left this cell at the same time.
    const traces = Math.max(more('traces'), answered);
    if (traces > 0) news.push({ ...cell, traces, ...answers });
    const most = (count: Count): number => Math.max(cell[count], known?.[count] ?? 0);
    const counts = { traces: most('traces'), passed: most('passed'), failed: most('failed') };
    after.set(keyOf(cell), { ...cell, ...counts, unanswered: most('unanswered') });
  }
  return { news, seen: [...after.values()] };
}

/** Cells of the same stratum, probability and weight as one. */
export function addCells(...lists: readonly (readonly Cell[])[]): readonly Cell[] {
  const sums = new Map<string, Cell>();
  for (const cell of lists.flat()) {
    const known = sums.get(keyOf(cell));
    sums.set(keyOf(cell), known === undefined ? cell : sumOf(known, cell));
  }
  return [...sums.values()];
}

export function tracesIn(cells: readonly Cell[]): number {
  return cells.reduce((sum, { traces }) => sum + traces, 0);
}

type Count = 'traces' | 'passed' | 'failed' | 'unanswered';

function sumOf(one: Cell, other: Cell): Cell {
  return {
    ...one,
    traces: one.traces + other.traces,
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    unanswered: one.unanswered + other.unanswered,
  };
}

function keyOf({ stratum, pi, upstreamWeight }: Cell): string {
  return `${stratum}/${pi}/${upstreamWeight}`;
}
