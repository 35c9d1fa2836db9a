import type { GateComparison, GateSlice } from '../../gates/index.js';
import type { GateReport } from './gate-report.js';

/** `1.9 points`: a difference of rates. */
export function points(share: number | null): string {
  return share === null ? 'unknown' : `${(100 * share).toFixed(1)} points`;
}

/** What was compared with what, such as `1.1 against 1.0, shop-agent`. */
export function subjectOf({ baseline, candidate, service, criterion }: GateReport): string {
  return [`${candidate} against ${baseline}`, service, criterion].filter((part) => part !== '').join(', ');
}

/** All items, or the name of the slice. */
export function sliceName({ name }: GateSlice, compared: GateReport['compared']): string {
  if (name === '') return `all ${compared}`;
  return name === 'check-settled' ? 'by checks alone' : `${name} ${compared}`;
}

/** What a comparison found, and what it would take to decide: a sentence each. */
export function sentencesOf(comparison: GateComparison, compared: GateReport['compared']): readonly string[] {
  const { verdict, items, drop, largestDrop, margin, objections } = comparison;
  const seen =
    drop === null
      ? `${count(items)} ${compared}, and no rate to compare`
      : `${count(items)} ${compared}: the pass rate ${drop > 0 ? 'fell by' : 'rose by'} ${points(Math.abs(drop))}; ${ruledOut(largestDrop)} is ruled out`;
  switch (verdict) {
    case 'BLOCK':
      return [`${seen}.`, 'That it fell is shown, at any number of looks.'];
    case 'PASS':
      return [`${seen}.`, `That it fell by less than ${points(margin)}, if at all, is shown.`];
    case 'INCONCLUSIVE':
      return [
        `${seen}.`,
        ...objections.map((objection) => `It cannot pass: ${objection}.`),
        ...advice(comparison, compared),
      ];
  }
}

function ruledOut(largestDrop: number): string {
  return largestDrop < 0 ? `a rise of less than ${points(-largestDrop)}` : `a fall of more than ${points(largestDrop)}`;
}

function advice(
  { moreItems: { toBlock, toPass }, isBaselineThin }: GateComparison,
  compared: GateReport['compared'],
): readonly string[] {
  if (isBaselineThin)
    return [`More ${compared} of the baseline would decide it: its own rate is not known well enough.`];
  const needed = (more: number): string => `about ${count(more)} more ${compared}`;
  if (toPass !== null && toPass > 0 && (toBlock === null || toPass <= toBlock)) {
    return [`To pass, should they come out alike, it takes ${needed(toPass)}.`];
  }
  if (toBlock !== null && toBlock > 0) return [`To block, should they come out alike, it takes ${needed(toBlock)}.`];
  return toPass === 0
    ? []
    : [`No number of ${compared} that come out alike decides it: the fall is close to the margin.`];
}

export function count(value: number): string {
  return value.toLocaleString('en-US');
}
