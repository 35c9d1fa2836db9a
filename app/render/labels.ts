import type { LabelPlan } from '../labels/api.js';
import { count, percent, table, type Paint } from './format.js';

/** Where labels are worth most, for people. */
export function renderLabelPlan({ since, cells, audit }: LabelPlan, paint: Paint): string {
  const header = ['stratum', 'verdict', 'traces', 'share', 'people fail', 'labelled', 'wanted'];
  const rows = cells.map(({ stratum, passed, traces, share, failShare, labels, wanted }) => [
    stratum,
    passed ? paint.green('pass') : paint.red('fail'),
    count(traces),
    percent(share),
    percent(failShare),
    count(labels),
    count(wanted),
  ]);
  return [
    `Labels that are worth most, of traces first seen since ${since.slice(0, 16).replace('T', ' ')} UTC`,
    table([header.map((name) => paint.dim(name)), ...rows], new Set([2, 3, 4, 5, 6])),
    `Audit of what nothing flagged: ${count(audit.labels)} of ${count(audit.wanted)} wanted, out of ${count(audit.traces)} traces`,
  ].join('\n');
}
