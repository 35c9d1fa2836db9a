import type { Coverage, Report, ReleaseReport } from '../app/index.js';

const coverage: Coverage = {
  received: 200,
  open: 0,
  pending: 0,
  judge_error: 0,
  abstained: 0,
  shed_budget: 0,
  judged: 30,
  from_cache: 0,
  settled: 10,
  sampled_out: 160,
  excluded: 0,
};

/** A release as the report has it, 98 % in [96, 99] unless said otherwise. */
export function aRelease(release: string, changes: Partial<ReleaseReport> = {}): ReleaseReport {
  return {
    service: 'support-agent',
    release,
    slice: release,
    traces: 100,
    judged: 15,
    settled: 5,
    suspected: 7,
    passRate: 0.98,
    interval: [0.96, 0.99],
    naiveMean: 0.7,
    corrected: null,
    sessionEffect: 1,
    notJudgedShare: 0.8,
    unansweredShare: 0,
    emptyStrata: [],
    unflagged: null,
    criteria: [],
    ...changes,
  };
}

/** A report of these releases, with 60 calls for $0.06 of $1. */
export function aReport(...releases: readonly ReleaseReport[]): Report {
  const spend = { usd: 0.06, judgeAllUsd: 1, lostUsd: 0, calls: 60 };
  return {
    by: 'release',
    since: null,
    releases,
    coverage,
    incomplete: 0,
    cacheAudits: { agreed: 0, flipped: 0 },
    spend,
  };
}
