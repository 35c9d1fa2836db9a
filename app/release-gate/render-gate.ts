import type { Paint } from '../render/format.js';
import type { GateReport } from './gate-report.js';
import { sentencesOf, sliceName, subjectOf } from './gate-words.js';

/** Items that are named before the rest is only counted. */
const MOST_NAMED = 20;

/** The gate for people. */
export function renderGate(report: GateReport, paint: Paint): string {
  const colour = { PASS: paint.green, BLOCK: paint.red, INCONCLUSIVE: paint.yellow }[report.verdict];
  const lines = [`${paint.bold(colour(report.verdict))}  ${subjectOf(report)}`];
  for (const slice of report.slices) {
    const lead = report.slices.length > 1 ? `${sliceName(slice, report.compared)}, ${slice.comparison.verdict}: ` : '';
    lines.push(`  ${lead}${sentencesOf(slice.comparison, report.compared).join(' ')}`);
  }
  if (report.broken.length > 0) lines.push(`  broken: ${someOf(report.broken).join(', ')}`);
  return lines.join('\n');
}

/** The first of them, and how many others there are. */
export function someOf(items: readonly string[]): readonly string[] {
  const rest = items.length - MOST_NAMED;
  return rest <= 0 ? items : [...items.slice(0, MOST_NAMED), `and ${rest} more`];
}
