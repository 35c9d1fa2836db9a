import { describe, expect, it } from 'vitest';
import type { LabelledCell } from '../../core/cell.js';
import type { LabelCandidate } from '../../store/index.js';
import type { LabelPlan } from './api.js';
import { chooseTasks, planCells } from './plan.js';

const cell = (over: Partial<LabelledCell>): LabelledCell => ({
  ...{ stratum: 'unsuspected', passed: true, tracePassed: true, traces: 1_000, weight: 1_000, squares: 1_000 },
  ...{ labels: 0, labelWeight: 0, labelSquares: 0, failedWeight: 0, oldestLabelMs: 0, newestLabelMs: 0 },
  ...over,
});
const slice = (cells: readonly LabelledCell[], criterion = '') => ({ service: 's', release: '', criterion, cells });

describe('planCells', () => {
  it('asks for labels where they tell most, of all services together, and at least twenty a cell', () => {
    const traffic = [
      cell({ stratum: 'suspected', passed: false, weight: 216, traces: 216 }),
      cell({ stratum: 'suspected', weight: 384, traces: 384 }),
      cell({ passed: false, weight: 283, traces: 283 }),
      cell({ weight: 9_117, traces: 9_117 }),
    ];
    const planned = planCells([slice(traffic), slice(traffic), slice(traffic, 'task-done')], 450);
    expect(planned.map(({ traces }) => traces)).toEqual([432, 768, 566, 18_234]);
    expect(planned.reduce((sum, { wanted }) => sum + wanted, 0)).toBe(450);
    expect(Math.min(...planned.map(({ wanted }) => wanted))).toBeGreaterThanOrEqual(20);
    expect(planned[3]!.share).toBeCloseTo(0.9117, 12);
  });

  it('asks for less where people found that nothing fails', () => {
    const wantedOf = (failedWeight: number): number =>
      planCells(
        [
          slice([
            cell({ labels: 100, labelWeight: 100, labelSquares: 100, failedWeight }),
            cell({ passed: false, weight: 300, traces: 300 }),
          ]),
        ],
        200,
      )[0]!.wanted;
    expect(wantedOf(0)).toBeLessThan(wantedOf(20));
  });
});

describe('chooseTasks', () => {
  const candidate = (traceId: string, over: Partial<LabelCandidate> = {}): LabelCandidate => ({
    ...{ queue: 'cell', tenant: 't', traceId, version: 1, service: 's', release: '1', criteria: ['c'] },
    ...{ stratum: 'unsuspected', passed: true, ...over },
  });
  const plan = (over: Partial<LabelPlan> = {}): LabelPlan => ({
    since: '',
    cells: [
      { ...{ stratum: 'unsuspected', passed: true, share: 0.9, traces: 9, labels: 0, failShare: null, wanted: 3 } },
      { ...{ stratum: 'unsuspected', passed: false, share: 0.1, traces: 9, labels: 0, failShare: null, wanted: 1 } },
    ],
    audit: { traces: 9, labels: 0, wanted: 2 },
    ...over,
  });
  const pool = [
    ...['p1', 'p2', 'p3', 'p4'].map((id) => candidate(id)),
    ...['f1', 'f2'].map((id) => candidate(id, { passed: false })),
    ...['p3', 'a2', 'a3'].map((id) => candidate(id, { queue: 'audit', passed: null })),
  ];

  it('goes on with whatever is furthest from its goal, until all goals are reached', () => {
    const chosen = chooseTasks(plan(), pool, 100).map(({ traceId }) => traceId);
    expect(new Set(chosen)).toEqual(new Set(['p1', 'p2', 'p3', 'f1', 'a2']));
    expect(chosen.slice(0, 3)).toEqual(['p1', 'f1', 'p3']);
  });

  it('stops at the limit, and asks for nothing where all is done', () => {
    expect(chooseTasks(plan(), pool, 2)).toHaveLength(2);
    const done = plan({ cells: [], audit: { traces: 9, labels: 2, wanted: 2 } });
    expect(chooseTasks(done, pool, 10)).toEqual([]);
  });
});
