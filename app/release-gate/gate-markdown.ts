import type { GateReport } from './gate-report.js';
import { count, points, sentencesOf, sliceName, subjectOf } from './gate-words.js';
import { someOf } from './render-gate.js';

/** The gate for a pull request. Names come from releases and items, so nothing in them is markup. */
export function toMarkdown(report: GateReport): string {
  const rows = report.slices.map((slice) => {
    const { verdict, items, drop, largestDrop, margin } = slice.comparison;
    const cells = [
      sliceName(slice, report.compared),
      verdict,
      count(items),
      points(drop),
      points(largestDrop),
      points(margin),
    ];
    return `| ${cells.map(escape).join(' | ')} |`;
  });
  const sentences = report.slices.flatMap((slice) => sentencesOf(slice.comparison, report.compared));
  const lists = [
    ...listOf('Passed before, fail now', report.broken),
    ...listOf('Failed before, pass now', report.fixed),
  ];
  return [
    `## Release gate: ${report.verdict}`,
    '',
    escape(subjectOf(report)),
    '',
    '| compared | verdict | number | fall of the pass rate | ruled out beyond | margin |',
    '| --- | --- | ---: | ---: | ---: | ---: |',
    ...rows,
    '',
    ...sentences.map((sentence) => `- ${escape(sentence)}`),
    ...lists,
    '',
  ].join('\n');
}

function listOf(title: string, items: readonly string[]): readonly string[] {
  if (items.length === 0) return [];
  return ['', `${title} (${items.length}):`, '', ...someOf(items).map((item) => `- ${escape(item)}`)];
}

/** Every character that could begin markup stands for itself, and no line ends early. */
function escape(text: string): string {
  return text.replace(/[\\`*_{}[\]<>()#+!|~@&]/g, '\\$&').replace(/\s+/g, ' ');
}
