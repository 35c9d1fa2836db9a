import type { Cell, ReleaseCells } from '../core/cell.js';
import { estimatePassRate } from '../gates/index.js';
import type { Coverage, RateReport, ReleaseReport, Report } from './api.js';

/** What the report is computed from; each number from its own query. */
export interface ReportSource {
  readonly cells: readonly ReleaseCells[];
  readonly coverage: Coverage;
  readonly incomplete: number;
  readonly cacheAudits: Report['cacheAudits'];
  readonly spend: Report['spend'];
}

/** Rates per release, from counts: weighted, with intervals, and what they rest on. */
export function buildReport(source: ReportSource): Report {
  const whole = source.cells.filter((entry) => entry.criterion === '');
  return {
    releases: whole.map((entry) => releaseReport(entry, source.cells)).sort(byServiceThenRelease),
    coverage: source.coverage,
    incomplete: source.incomplete,
    cacheAudits: source.cacheAudits,
    spend: source.spend,
  };
}

function releaseReport(entry: ReleaseCells, all: readonly ReleaseCells[]): ReleaseReport {
  const criteria = all.filter(
    (other) => other.service === entry.service && other.release === entry.release && other.criterion !== '',
  );
  return {
    service: entry.service,
    release: entry.release,
    traces: sum(entry.cells, (cell) => cell.traces),
    judged: judgedOf(entry.cells),
    settled: sum(entry.cells, (cell) => (cell.stratum === 'settled' ? cell.traces : 0)),
    suspected: sum(entry.cells, (cell) => (cell.stratum === 'suspected' ? cell.traces : 0)),
    ...rateReport(entry.cells),
    criteria: criteria.map((other) => ({
      criterion: other.criterion,
      judged: judgedOf(other.cells),
      ...rateReport(other.cells),
    })),
  };
}

function rateReport(cells: readonly Cell[]): RateReport {
  const { passRate, interval, naiveMean, unansweredShare, worstCase, emptyStrata } = estimatePassRate(cells);
  return {
    passRate,
    interval,
    naiveMean,
    unansweredShare,
    ...(worstCase === undefined ? {} : { worstCase }),
    emptyStrata,
  };
}

function judgedOf(cells: readonly Cell[]): number {
  return sum(cells, (cell) => (cell.stratum === 'settled' ? 0 : cell.passed + cell.failed));
}

function sum(cells: readonly Cell[], value: (cell: Cell) => number): number {
  return cells.reduce((total, cell) => total + value(cell), 0);
}

function byServiceThenRelease(a: ReleaseReport, b: ReleaseReport): number {
  return a.service.localeCompare(b.service) || a.release.localeCompare(b.release, undefined, { numeric: true });
}
