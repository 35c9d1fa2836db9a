import { count, dollars, interval, percent, table, type Paint } from '../app/index.js';
import type { DemoReport } from './demo-report.js';

const RIGHT = new Set([1, 2, 3, 4, 5, 6, 7]);

/** The closing report of the demo, for people: short, and every number named. */
export function renderDemoReport(report: DemoReport, paint: Paint): string {
  const header = [
    'release',
    'traces',
    'judged',
    'pass rate',
    '95 % interval',
    'judging all (1)',
    'true rate (2)',
    'plain mean (3)',
  ];
  const rows = report.releases.map((release) => [
    paint.bold(release.release),
    count(release.traces),
    count(release.judged),
    paint.bold(percent(release.passRate)),
    interval(release.interval),
    percent(release.judgeAllRate),
    percent(release.trueRate),
    paint.dim(percent(release.plainMean)),
  ]);
  const notes = [
    '(1) what checks and three votes on every trace would have said, computed beside the pipeline, never charged',
    '(2) of the agents, known because the demo ran them; the scripted judge errs, so (1) differs from it',
    '(3) over traces with a verdict, as most tools show it: biased, because suspected failures are judged more often',
  ];
  return [
    '',
    `${paint.bold('Agents and judges were played by a scripted model')} (seed ${report.seed}): the pipeline is real, the money is not.`,
    '',
    table([header.map((name) => paint.dim(name)), ...rows], RIGHT),
    '',
    verdict(report, paint),
    spendLine(report),
    '',
    ...notes.map((note) => paint.dim(note)),
    '',
    'Try next',
    ...report.commands.map((command) => `  ${paint.cyan(command)}`),
    '',
    `The data lies in ${report.dataDirectory}`,
  ].join('\n');
}

function verdict(report: DemoReport, paint: Paint): string {
  const [before, after] = [report.releases.at(0), report.releases.at(-1)];
  if (!before || !after || before === after) return 'Only one release was seen.';
  if (!report.separated) {
    return `The intervals of ${before.release} and ${after.release} overlap: too few traces to tell the two apart.`;
  }
  const isWorse = (after.passRate ?? 0) < (before.passRate ?? 0);
  const claim = `Release ${after.release} is ${isWorse ? 'worse' : 'better'} than ${before.release}`;
  return `${isWorse ? paint.red(claim) : paint.green(claim)}: their intervals do not overlap.`;
}

function spendLine(report: DemoReport): string {
  const { usd, judgeAllUsd, share, calls } = report.spend;
  return `Judging took ${count(calls)} calls and ${dollars(usd)}: ${percent(share)} of the ${dollars(judgeAllUsd)} that three votes on everything would have cost.`;
}
