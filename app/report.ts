import type { Cell, LabelledCell, LabelledSlice, ReleaseCells, SessionEffect, UnflaggedSlice } from '../core/cell.js';
import { correctedPassRate, estimatePassRate, wilsonInterval } from '../gates/index.js';
import type {
  CorrectedReport,
  Coverage,
  RateReport,
  ReleaseReport,
  Report,
  ReportRequest,
  UnflaggedReport,
} from './api.js';

/** What the report is computed from; each number from its own query. */
export interface ReportSource {
  readonly cells: readonly ReleaseCells[];
  readonly labelled: readonly LabelledSlice[];
  readonly sessions: readonly SessionEffect[];
  readonly unflagged: readonly UnflaggedSlice[];
  readonly coverage: Coverage;
  readonly incomplete: number;
  readonly cacheAudits: Report['cacheAudits'];
  readonly spend: Report['spend'];
}

/** Rates per release, or per what else traces are told apart by, from counts: weighted, with intervals, and what they rest on. */
export function buildReport(source: ReportSource, { by = 'release', sinceMs }: ReportRequest = {}): Report {
  const whole = source.cells.filter((entry) => entry.criterion === '');
  const releases = whole.map((entry) => releaseReport(entry, source)).sort(byServiceThenSlice);
  return {
    by,
    since: sinceMs === undefined ? null : new Date(sinceMs).toISOString(),
    releases: by === 'release' ? releases : releases.map((report) => ({ ...report, release: '' })),
    coverage: source.coverage,
    incomplete: source.incomplete,
    cacheAudits: source.cacheAudits,
    spend: source.spend,
  };
}

function releaseReport(entry: ReleaseCells, source: ReportSource): ReleaseReport {
  const isOwn = (other: { service: string; release: string }): boolean =>
    other.service === entry.service && other.release === entry.release;
  const labelled = source.labelled.filter(isOwn);
  const labelsOf = (criterion: string): readonly LabelledCell[] =>
    labelled.find((slice) => slice.criterion === criterion)?.cells ?? [];
  const effectOf = (criterion: string): number =>
    source.sessions.find((slice) => isOwn(slice) && slice.criterion === criterion)?.effect ?? 1;
  const criteria = source.cells.filter((other) => isOwn(other) && other.criterion !== '');
  const unflagged = source.unflagged.find(isOwn);
  return {
    service: entry.service,
    release: entry.release,
    slice: entry.release,
    traces: sum(entry.cells, (cell) => cell.traces),
    judged: judgedOf(entry.cells),
    settled: sum(entry.cells, (cell) => (cell.stratum === 'settled' ? cell.traces : 0)),
    suspected: sum(entry.cells, (cell) => (cell.stratum === 'suspected' ? cell.traces : 0)),
    ...rateReport(entry.cells, labelsOf(''), effectOf('')),
    unflagged: unflagged === undefined ? null : unflaggedReport(unflagged),
    criteria: criteria.map((other) => ({
      criterion: other.criterion,
      judged: judgedOf(other.cells),
      ...rateReport(other.cells, labelsOf(other.criterion), effectOf(other.criterion)),
    })),
  };
}

function rateReport(cells: readonly Cell[], labelled: readonly LabelledCell[], effect: number): RateReport {
  const sessionEffect = Math.max(1, effect);
  const { passRate, interval, naiveMean, unansweredShare, worstCase, emptyStrata } = estimatePassRate(cells, {
    sessionEffect,
  });
  const size = sum(cells, ({ traces, upstreamWeight }) => traces * upstreamWeight);
  const known = sum(cells, ({ passed, failed, upstreamWeight }) => (passed + failed) * upstreamWeight);
  return {
    passRate,
    interval,
    naiveMean,
    corrected: correctedReport(cells, labelled),
    sessionEffect,
    notJudgedShare: size === 0 ? 0 : 1 - known / size,
    unansweredShare,
    ...(worstCase === undefined ? {} : { worstCase }),
    emptyStrata,
  };
}

function correctedReport(cells: readonly Cell[], labelled: readonly LabelledCell[]): CorrectedReport | null {
  const corrected = correctedPassRate(cells, labelled);
  if (corrected === null) return null;
  const { oldestLabelMs, newestLabelMs, ...rate } = corrected;
  const [oldestLabelAt, newestLabelAt] = [oldestLabelMs, newestLabelMs].map((ms) => new Date(ms).toISOString());
  return { ...rate, oldestLabelAt: oldestLabelAt ?? '', newestLabelAt: newestLabelAt ?? '' };
}

/** A random sample of them, so that its own mean tells the rate. */
function unflaggedReport({ traces, labels, labelWeight, labelSquares, failedWeight }: UnflaggedSlice): UnflaggedReport {
  if (labels === 0) return { traces, labels, failRate: null, interval: null };
  const failRate = failedWeight / labelWeight;
  const n = Math.max(1, labelWeight ** 2 / labelSquares);
  return { traces, labels, failRate, interval: wilsonInterval(failRate * n, n) };
}

function judgedOf(cells: readonly Cell[]): number {
  return sum(cells, (cell) => (cell.stratum === 'settled' ? 0 : cell.passed + cell.failed));
}

function sum(cells: readonly Cell[], value: (cell: Cell) => number): number {
  return cells.reduce((total, cell) => total + value(cell), 0);
}

function byServiceThenSlice(a: ReleaseReport, b: ReleaseReport): number {
  return a.service.localeCompare(b.service) || a.slice.localeCompare(b.slice, undefined, { numeric: true });
}
