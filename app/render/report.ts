import type { Coverage, RateReport, Report, TraceRow } from '../api.js';
import { LEDGER_OUTCOMES } from '../api.js';
import { count, dollars, duration, interval, percent, safeLine, table, type Paint } from './format.js';

/** The report for people: rates first, then what they rest on. */
export function renderReport(report: Report, paint: Paint): string {
  if (report.coverage.received === 0) return 'No trace has arrived yet.';
  return [
    ...rates(report, paint),
    '',
    ...coverage(report.coverage, report.incomplete, paint),
    '',
    ...spend(report, paint),
  ].join('\n');
}

function rates(report: Report, paint: Paint): string[] {
  const header = [
    'service',
    'release',
    'traces',
    'judged',
    'by checks',
    'pass rate',
    '95 % interval',
    'plain mean*',
  ].map((name) => paint.dim(name));
  const rows = report.releases.map((release) => [
    safeLine(release.service, 40),
    release.release === '' ? '--' : safeLine(release.release, 30),
    count(release.traces),
    count(release.judged),
    count(release.settled),
    paint.bold(percent(release.passRate)),
    interval(release.interval),
    paint.dim(percent(release.naiveMean)),
  ]);
  const notes = report.releases.flatMap((release) =>
    rateNotes(release).map((note) => `  ${safeLine(release.service, 40)} ${safeLine(release.release, 30)}: ${note}`),
  );
  return [
    table([header, ...rows], new Set([2, 3, 4, 5, 6, 7])),
    ...notes,
    paint.dim(
      '* over judged traces only, as most tools show it: biased, because suspected failures are judged more often',
    ),
  ];
}

function rateNotes(rate: RateReport): string[] {
  const notes: string[] = [];
  if (rate.emptyStrata.length > 0)
    notes.push(
      `no verdict yet among the ${rate.emptyStrata.join(' and ')} traces, so they count as anything from 0 to 100 %`,
    );
  if (rate.unansweredShare > 0)
    notes.push(`${percent(rate.unansweredShare)} of the selected traces got no answer from a judge`);
  if (rate.worstCase !== undefined) notes.push(`between ${interval(rate.worstCase)} whatever those would have been`);
  return notes;
}

function coverage(counts: Coverage, incomplete: number, paint: Paint): string[] {
  const shown = LEDGER_OUTCOMES.filter((outcome) => counts[outcome] > 0).map(
    (outcome) => `${count(counts[outcome])} ${outcome.replaceAll('_', ' ')}`,
  );
  const also = incomplete > 0 ? `; ${count(incomplete)} were incomplete` : '';
  return [`${paint.bold('Coverage')}  ${count(counts.received)} traces received: ${shown.join(', ')}${also}`];
}

function spend(report: Report, paint: Paint): string[] {
  const { usd, judgeAllUsd, lostUsd, calls } = report.spend;
  const share =
    judgeAllUsd > 0
      ? ` (${percent(usd / judgeAllUsd)} of the ${dollars(judgeAllUsd)} that three votes on everything would have cost)`
      : '';
  const lost = lostUsd > 0 ? `, ${dollars(lostUsd)} of it for calls lost in flight` : '';
  return [`${paint.bold('Spend')}     ${dollars(usd)} for ${count(calls)} calls${share}${lost}`];
}

/** A line a trace, newest first. */
export function renderTraces(rows: readonly TraceRow[], paint: Paint): string {
  if (rows.length === 0) return 'No trace matches.';
  const header = ['trace', 'first seen', 'service', 'release', 'took', 'result', 'outcome', 'why'].map((name) =>
    paint.dim(name),
  );
  const lines = rows.map((row) => [
    row.traceId,
    row.firstSeenAt.slice(0, 19).replace('T', ' '),
    safeLine(row.service, 30),
    safeLine(row.release, 20),
    duration(row.durationMs),
    row.passed === null ? paint.dim('--') : row.passed ? paint.green('passed') : paint.red('failed'),
    row.outcome.replaceAll('_', ' '),
    safeLine(row.findings.length > 0 ? row.findings.join(', ') : row.reason, 70),
  ]);
  return table([header, ...lines], new Set([4]));
}
