import type { Report, TraceRow, Why } from '../../app/index.js';
import { agentRun } from '../../bench/agent-run.js';
import { askAssay } from './assay-process.js';
import { deliver } from './deliver.js';
import { until } from './until.js';

const STARTED_MS = Date.now() - 60_000;
/** Of how many traces the whole story is told. */
const STORIES = 4;

/** What Assay made of runs, but for what differs from one time to the next. */
export interface Ledger {
  readonly traces: readonly object[];
  readonly coverage: Report['coverage'];
  readonly releases: Report['releases'];
  readonly why: readonly object[];
}

/** Runs of two releases, every fifth of them cut short; the same in every call of one process. */
export async function sendRuns(urlOf: (number: number) => string, numbers: readonly number[]): Promise<void> {
  const signal = AbortSignal.timeout(60_000);
  for (const number of numbers) {
    const release = number % 2 === 0 ? '1.0' : '1.1';
    const run = agentRun({ number, release, truncated: number % 5 === 3, startMs: STARTED_MS + number * 1_000 });
    await deliver(() => urlOf(number), run, signal);
  }
}

/** Waits until so many traces were received and nothing is open or pending. */
export async function ledgerOf(data: string, received: number): Promise<Ledger> {
  const report = await until(
    () => askAssay<Report>(data, 'report'),
    ({ coverage }) => coverage.received === received && coverage.open + coverage.pending === 0,
    120_000,
  );
  const traces = await askAssay<readonly TraceRow[]>(data, 'traces', '--limit', '1000');
  const byId = [...traces].sort((a, b) => (a.traceId < b.traceId ? -1 : 1));
  const why = [];
  for (const { traceId } of byId.slice(0, STORIES)) {
    const { trajectory, outcome } = await askAssay<Why>(data, 'why', traceId);
    why.push({ trajectory, outcome });
  }
  // When a trace was received is its own.
  const timeless = byId.map(({ firstSeenAt, ...row }) => ({ ...row, isDated: firstSeenAt !== '' }));
  return { traces: timeless, coverage: report.coverage, releases: report.releases, why };
}
