import type { RateReport, Report } from '../api.js';
import { LEDGER_OUTCOMES, type LedgerOutcome } from '../../core/ledger-outcome.js';
import { count, dollars, hang, interval, nameOr, percent, table, type Paint } from './format.js';

export { renderTraces } from './traces.js';

/** The report for people: rates first, then what they rest on. */
export function renderReport(report: Report, paint: Paint): string {
  if (report.coverage.received === 0) return 'No trace has arrived yet.';
  const parts = [coverage(report, paint), cache(report, paint), spend(report, paint)].filter((part) => part !== '');
  return [...rates(report, paint), '', parts.join('\n\n')].join('\n');
}

function rates(report: Report, paint: Paint): string[] {
  const width = paint.columns !== undefined && paint.columns < 120 ? 16 : 40;
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
    nameOr(release.service, width),
    nameOr(release.release, width),
    count(release.traces),
    count(release.judged),
    count(release.settled),
    paint.bold(percent(release.passRate)),
    interval(release.interval),
    paint.dim(percent(release.naiveMean)),
  ]);
  const { pending } = report.coverage;
  const notes = report.releases.flatMap((release) => {
    const note = rateNotes(release, pending > 0).join('; ');
    const lead = `  ${nameOr(release.service, width)} ${nameOr(release.release, width)}: `;
    return note === '' ? [] : [hang(lead, note, paint.columns)];
  });
  if (pending > 0) notes.push(`  ${count(pending)} ${pending === 1 ? 'trace' : 'traces'} still wait for a judge`);
  const footnote =
    'over traces with a verdict only, as most tools show it: biased, because suspected failures are judged more often';
  return [
    table([header, ...rows], new Set([2, 3, 4, 5, 6, 7])),
    ...notes,
    paint.dim(hang('* ', footnote, paint.columns)),
  ];
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
