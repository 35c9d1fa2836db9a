import type { RateReport, ReleaseReport, Report } from '../api.js';
import { LEDGER_OUTCOMES, type LedgerOutcome } from '../../core/ledger-outcome.js';
import { count, dollars, hang, interval, nameOr, percent, table, type Paint } from './format.js';

export { renderTraces } from './traces.js';

/** The report for people: rates first, then what they rest on. */
export function renderReport(report: Report, paint: Paint): string {
  if (report.coverage.received === 0) return 'No trace has arrived yet.';
  const since =
    report.since === null ? [] : [paint.dim(`Traces first seen since ${report.since}; coverage and spend are of all.`)];
  const parts = [coverage(report, paint), cache(report, paint), spend(report, paint)].filter((part) => part !== '');
  return [...since, ...rates(report, paint), '', parts.join('\n\n')].join('\n');
}

function rates(report: Report, paint: Paint): string[] {
  const isNarrow = paint.columns !== undefined && paint.columns < 120;
  const width = isNarrow ? 16 : 40;
  const columns: readonly (readonly [name: string, cell: (of: ReleaseReport) => string])[] = [
    ['service', ({ service }) => nameOr(service, width)],
    ...(report.by === 'service' ? [] : [[report.by, ({ slice }: ReleaseReport) => nameOr(slice, width)] as const]),
    ['traces', ({ traces }) => count(traces)],
    ['judged', ({ judged }) => count(judged)],
    ...(isNarrow ? [] : [['by checks', ({ settled }: ReleaseReport) => count(settled)] as const]),
    ['pass rate', ({ passRate }) => paint.bold(percent(passRate))],
    ['95 % interval', (release) => interval(release.interval)],
    ['not judged', ({ notJudgedShare }) => percent(notJudgedShare)],
    ['plain mean*', ({ naiveMean }) => paint.dim(percent(naiveMean))],
  ];
  const rows = [
    columns.map(([name]) => paint.dim(name)),
    ...report.releases.map((release) => columns.map(([, cell]) => cell(release))),
  ];
  const firstNumber = columns.findIndex(([name]) => name === 'traces');
  const numbers = new Set(columns.map((_, index) => index).filter((index) => index >= firstNumber));
  const footnote =
    'over traces with a verdict only, as most tools show it: biased, because suspected failures are judged more often';
  return [table(rows, numbers), ...notes(report, width, paint), paint.dim(hang('* ', footnote, paint.columns))];
}

/** One line for each release that there is something to say of. */
function notes(report: Report, width: number, paint: Paint): string[] {
  const { pending } = report.coverage;
  const lines = report.releases.flatMap((release) => {
    const note = [...peopleNotes(release, paint.nowMs), ...rateNotes(release, pending > 0)].join('; ');
    const slice = report.by === 'service' ? '' : ` ${nameOr(release.slice, width)}`;
    return note === '' ? [] : [hang(`  ${nameOr(release.service, width)}${slice}: `, note, paint.columns)];
  });
  if (pending > 0) lines.push(`  ${count(pending)} ${pending === 1 ? 'trace' : 'traces'} still wait for a judge`);
  return lines;
}

/** What people found, where they looked. */
function peopleNotes({ corrected, unflagged }: ReleaseReport, nowMs: number): string[] {
  const told: string[] = [];
  if (corrected !== null) {
    const { passRate, labels, oldestLabelAt, newestLabelAt } = corrected;
    const [oldest, newest] = [oldestLabelAt, newestLabelAt].map((at) => daysSince(at, nowMs));
    const age =
      oldest === newest ? `${count(oldest ?? 0)} days old` : `${count(newest ?? 0)} to ${count(oldest ?? 0)} days old`;
    told.push(`corrected ${percent(passRate)} (${interval(corrected.interval)}) by ${count(labels)} labels, ${age}`);
  }
  if (unflagged !== null && unflagged.failRate !== null)
    told.push(
      `of what nothing flagged ${percent(unflagged.failRate)} fail (${interval(unflagged.interval)}) by ${count(unflagged.labels)} audited`,
    );
  return told;
}

function daysSince(at: string, nowMs: number): number {
  return Math.max(0, Math.floor((nowMs - Date.parse(at)) / 86_400_000));
}

function rateNotes(rate: RateReport, isWaiting: boolean): string[] {
  const notes: string[] = [];
  if (rate.emptyStrata.length > 0 && !isWaiting)
    notes.push(`no verdict yet among the ${rate.emptyStrata.join(' and ')} traces: they count as 0 to 100 %`);
  if (rate.unansweredShare > 0) notes.push(`${percent(rate.unansweredShare)} of the selected got no answer`);
  if (rate.worstCase !== undefined) notes.push(`at worst ${interval(rate.worstCase)}`);
  return notes;
}

function coverage({ coverage: counts, incomplete }: Report, paint: Paint): string {
  const shown = LEDGER_OUTCOMES.filter((outcome) => counts[outcome] > 0).map(
    (outcome) => `${count(counts[outcome])} ${outcomeName(outcome)}`,
  );
  const also = incomplete > 0 ? `; ${count(incomplete)} were incomplete` : '';
  const text = `${count(counts.received)} traces received: ${shown.join(', ')}${also}`;
  return hang(`${paint.bold('Coverage')}  `, text, paint.columns);
}

function outcomeName(outcome: LedgerOutcome): string {
  return outcome === 'excluded' ? 'excluded from every rate' : outcome.replaceAll('_', ' ');
}

/** What is known of the cache's own precision; empty when nothing is. */
function cache({ cacheAudits: { agreed, flipped } }: Report, paint: Paint): string {
  const audited = agreed + flipped;
  if (audited === 0) return '';
  const answers = audited === 1 ? 'answer' : 'answers';
  const text = `${count(audited)} ${answers} judged again all the same: ${count(agreed)} agreed, ${count(flipped)} flipped`;
  return hang(`${paint.bold('Cache')}     `, text, paint.columns);
}

function spend(report: Report, paint: Paint): string {
  const { usd, judgeAllUsd, lostUsd, calls, votes } = report.spend;
  const most = votes === undefined ? 'judging everything' : `${votes} ${votes === 1 ? 'vote' : 'votes'} on everything`;
  const share =
    judgeAllUsd > 0
      ? ` (${percent(usd / judgeAllUsd)} of the ${dollars(judgeAllUsd)} that ${most} would have cost)`
      : '';
  const lost = lostUsd > 0 ? `, ${dollars(lostUsd)} of it for calls lost in flight` : '';
  return hang(`${paint.bold('Spend')}     `, `${dollars(usd)} for ${count(calls)} calls${share}${lost}`, paint.columns);
}
