import type { GateReport } from './gate-report.js';
import { sentencesOf, sliceName, subjectOf } from './gate-words.js';

/** The gate as a JUnit report, one test case a slice: what does not hold fails, and what need not hold is skipped. */
export function toJunit(report: GateReport, { allowInconclusive }: { readonly allowInconclusive: boolean }): string {
  const cases = report.slices.map((slice, index) => {
    // All items together decide; a slice beside them can only block.
    const decides = index === 0 || slice.comparison.verdict === 'BLOCK';
    const text = attribute(sentencesOf(slice.comparison, report.compared).join(' '));
    const { verdict } = slice.comparison;
    const isHeld = verdict === 'PASS' || (verdict === 'INCONCLUSIVE' && (allowInconclusive || !decides));
    const child =
      verdict === 'PASS'
        ? ''
        : isHeld
          ? `<skipped message="${text}"/>`
          : `<failure type="${verdict}" message="${text}"/>`;
    return {
      child,
      xml: `    <testcase classname="assay gate" name="${attribute(sliceName(slice, report.compared))}">${child}</testcase>`,
    };
  });
  const countOf = (tag: string): number => cases.filter(({ child }) => child.startsWith(`<${tag}`)).length;
  const counts = `tests="${cases.length}" failures="${countOf('failure')}" errors="0" skipped="${countOf('skipped')}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite name="${attribute(`assay gate: ${subjectOf(report)}`)}" ${counts}>`,
    ...cases.map(({ xml }) => xml),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Without the control characters that XML 1.0 has no way to write. */
function attribute(text: string): string {
  const printable = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd');
  return printable.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}
