import { describe, expect, it } from 'vitest';
import type { Report } from '../api.js';
import { paintFor } from './format.js';
import { renderReport } from './report.js';

const plain = paintFor({ isTTY: false }, {}, { nowMs: () => 0 });

const report: Report = {
  by: 'release',
  since: null,
  releases: [],
  coverage: {
    ...{ received: 12, open: 0, pending: 0, judge_error: 0, abstained: 0, shed_budget: 0, judged: 9 },
    ...{ from_cache: 0, settled: 0, sampled_out: 0, excluded: 3 },
  },
  incomplete: 0,
  cacheAudits: { agreed: 0, flipped: 0 },
  spend: { usd: 0.38, judgeAllUsd: 6.35, lostUsd: 0, calls: 10 },
};

describe('report', () => {
  it('says of the excluded traces that they are in no rate', () => {
    expect(renderReport(report, plain)).toContain('12 traces received: 9 judged, 3 excluded from every rate');
  });

  it('tells how answers of the cache fared that were judged again, once there are some', () => {
    expect(renderReport(report, plain)).not.toContain('Cache');
    expect(renderReport({ ...report, cacheAudits: { agreed: 7, flipped: 1 } }, plain)).toContain(
      'Cache     8 answers judged again all the same: 7 agreed, 1 flipped',
    );
  });
});
