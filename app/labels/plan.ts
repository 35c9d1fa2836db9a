import type { LabelledSlice } from '../../core/cell.js';
import { allocateLabels } from '../../gates/index.js';
import type { LabelCandidate } from '../../store/index.js';
import type { LabelPlan, LabelPlanCell } from './api.js';

/** Worth one label: what is expected of a cell before anybody looked at it. */
const EXPECTED_FAILS = { settled: 0.95, failed: 0.5, passed: 0.05 } as const;

/** Shares the labels of a week out to the cells of the traffic, all slices together. */
export function planCells(slices: readonly LabelledSlice[], perWeek: number): readonly LabelPlanCell[] {
  const cells = new Map<string, { told: Omit<LabelPlanCell, 'share' | 'wanted'>; weight: number; rate: number }>();
  const sums = new Map<
    string,
    { weight: number; labelWeight: number; failedWeight: number; traces: number; labels: number }
  >();
  for (const { criterion, cells: own } of slices) {
    if (criterion !== '') continue;
    for (const { stratum, passed, ...cell } of own) {
      const key = `${stratum} ${passed}`;
      const before = sums.get(key) ?? { weight: 0, labelWeight: 0, failedWeight: 0, traces: 0, labels: 0 };
      const sum = {
        weight: before.weight + cell.weight,
        labelWeight: before.labelWeight + cell.labelWeight,
        failedWeight: before.failedWeight + cell.failedWeight,
        traces: before.traces + cell.traces,
        labels: before.labels + cell.labels,
      };
      sums.set(key, sum);
      const failShare = sum.labelWeight === 0 ? null : sum.failedWeight / sum.labelWeight;
      const expected = EXPECTED_FAILS[stratum === 'settled' ? 'settled' : passed ? 'passed' : 'failed'];
      const rate = ((failShare ?? 0) * sum.labels + expected) / (sum.labels + 1);
      const { traces, labels, weight } = sum;
      cells.set(key, { told: { stratum, passed, traces, labels, failShare }, weight, rate });
    }
  }
  const all = [...cells.values()];
  const total = all.reduce((sum, { weight }) => sum + weight, 0);
  const demands = all.map(({ weight, rate, told }) => ({ share: weight / total, rate, available: told.traces }));
  const wanted = allocateLabels(demands, perWeek);
  return all.map(({ told, weight }, index) => ({ ...told, share: weight / total, wanted: wanted[index] ?? 0 }));
}

/**
 * The next traces to look at: one after the other of the cell, or of the audit, that is furthest from what it wants. A trace
 * that two of them have comes once.
 */
export function chooseTasks(
  plan: LabelPlan,
  candidates: readonly LabelCandidate[],
  limit: number,
): readonly LabelCandidate[] {
  const queues = [
    ...plan.cells.map((cell) => ({ ...cell, queue: 'cell' as const })),
    { ...plan.audit, queue: 'audit' as const },
  ].map((goal) => ({
    wanted: goal.wanted,
    done: goal.labels,
    left: candidates.filter((one) =>
      goal.queue === 'audit'
        ? one.queue === 'audit'
        : one.queue === 'cell' && one.stratum === goal.stratum && one.passed === goal.passed,
    ),
  }));
  const chosen = new Map<string, LabelCandidate>();
  while (chosen.size < limit) {
    const open = queues.filter(({ wanted, done, left }) => done < wanted && left.length > 0);
    const [first, ...rest] = open;
    if (first === undefined) break;
    const next = rest.reduce((a, b) => (b.done / b.wanted < a.done / a.wanted ? b : a), first);
    const task = next.left.shift();
    if (task === undefined) break;
    next.done += 1;
    const key = `${task.tenant}\0${task.traceId}`;
    if (!chosen.has(key)) chosen.set(key, task);
  }
  return [...chosen.values()];
}
