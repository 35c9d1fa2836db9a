import type { Coverage, Report } from '../app/index.js';
import type { ShadowCount } from './shadow.js';

/** One release: what Assay says, what it would have said had it judged everything, and what really happened. */
export interface DemoRelease {
  readonly release: string;
  readonly traces: number;
  readonly judged: number;
  readonly settledByChecks: number;
  readonly passRate: number | null;
  readonly interval: readonly [low: number, high: number] | null;
  /** Computed beside the pipeline: checks first, then three votes on every trace. */
  readonly judgeAllRate: number | null;
  /** Of the agents, by what happened in the shop. */
  readonly trueRate: number | null;
  /** Over judged traces only, as most tools show it. */
  readonly plainMean: number | null;
  readonly intervalHoldsJudgeAll: boolean;
}

/** The demo's result. `--json` prints it. */
export interface DemoReport {
  /** Agents and judges were played by a scripted model: rates and money are those of a simulation. */
  readonly scriptedModel: true;
  readonly seed: number;
  readonly tracesPerRelease: number;
  readonly releases: readonly DemoRelease[];
  /** True when the intervals of the first and the last release do not overlap. */
  readonly separated: boolean;
  readonly spend: {
    readonly usd: number;
    readonly judgeAllUsd: number;
    readonly share: number | null;
    readonly calls: number;
    /** Calls over traces x 3 votes. */
    readonly callShare: number | null;
  };
  readonly coverage: Coverage;
  readonly incomplete: number;
  readonly dataDirectory: string;
  readonly commands: readonly string[];
  readonly durationMs: number;
  /** Highest resident memory of the process that Assay ran in. */
  readonly peakRssBytes: number;
}

export interface ReportInputs {
  readonly report: Report;
  readonly shadow: ReadonlyMap<string, ShadowCount>;
  /** By release: how many requests were served, and how many of them well. */
  readonly truth: ReadonlyMap<string, { readonly served: number; readonly passed: number }>;
  readonly seed: number;
  readonly tracesPerRelease: number;
  readonly dataDirectory: string;
  readonly commands: readonly string[];
  readonly durationMs: number;
  readonly peakRssBytes: number;
}

const VOTES = 3;

/** Puts the three views of each release side by side. */
export function buildDemoReport(inputs: ReportInputs): DemoReport {
  const { report, shadow, truth, ...plain } = inputs;
  const releases = report.releases.map((release): DemoRelease => {
    const all = shadow.get(release.release);
    const really = truth.get(release.release);
    const judgeAllRate = all ? ratio(all.passed, all.passed + all.failed) : null;
    return {
      release: release.release,
      traces: release.traces,
      judged: release.judged,
      settledByChecks: release.settled,
      passRate: release.passRate,
      interval: release.interval,
      judgeAllRate,
      trueRate: really ? ratio(really.passed, really.served) : null,
      plainMean: release.naiveMean,
      intervalHoldsJudgeAll: holds(release.interval, judgeAllRate),
    };
  });
  const traces = releases.reduce((sum, release) => sum + release.traces, 0);
  const { usd, judgeAllUsd, calls } = report.spend;
  return {
    scriptedModel: true,
    ...plain,
    releases,
    separated: areSeparated(releases.at(0)?.interval, releases.at(-1)?.interval),
    spend: { usd, judgeAllUsd, share: ratio(usd, judgeAllUsd), calls, callShare: ratio(calls, traces * VOTES) },
    coverage: report.coverage,
    incomplete: report.incomplete,
  };
}

function ratio(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}

type Interval = DemoRelease['interval'];

function holds(interval: Interval, rate: number | null): boolean {
  return interval !== null && rate !== null && interval[0] <= rate && rate <= interval[1];
}

function areSeparated(before: Interval | undefined, after: Interval | undefined): boolean {
  if (!before || !after || before === after) return false;
  return before[1] < after[0] || after[1] < before[0];
}
