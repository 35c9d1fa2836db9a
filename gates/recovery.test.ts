import { expect, it } from 'vitest';
import type { Cell } from '../core/cell.js';
import { createBaseline, type Baseline } from './baseline.js';
import { evidence, type DetectorState } from './detector.js';
import { createRecovery, updateRecovery } from './recovery.js';

function settled(traces: number, failed: number): Cell {
  return { stratum: 'settled', pi: 1, upstreamWeight: 1, traces, passed: traces - failed, failed, unanswered: 0 };
}

/** A tenth is judged. */
function sampled(traces: number, failed: number): Cell {
  const answered = traces / 10;
  const counts = { traces, passed: answered - failed, failed, unanswered: 0 };
  return { stratum: 'unsuspected', pi: 0.1, upstreamWeight: 1, ...counts };
}

/** @returns the batch at which it was found to be over; undefined when it was not */
function over(state: DetectorState, batches: number, cell: (batch: number) => Cell): number | undefined {
  let now = state;
  for (let batch = 0; batch < batches; batch += 1) {
    now = updateRecovery(now, { startMs: batch, endMs: batch + 1, cells: [cell(batch)] });
    if (evidence(now).isAlarm) return batch + 1;
  }
  return undefined;
}

const rare = [settled(3_000, 0)];
const usual = [sampled(10_000, 30)];

it('is found within a few hundred clean traces after one in sixteen failed where none did before', () => {
  const recovery = createRecovery(createBaseline(rare) as Baseline, 0.063, rare);
  expect(over(recovery, 100, () => settled(20, 0))).toBeLessThanOrEqual(25);
});

it('is found in sampled traces too, and not while they fail as often as they did', () => {
  const baseline = createBaseline(usual) as Baseline;
  const recovery = createRecovery(baseline, 0.15, usual);
  expect(over(recovery, 100, () => sampled(100, 0))).toBeLessThanOrEqual(60);
  expect(over(recovery, 1_000, (batch) => sampled(100, batch % 2 === 0 ? 2 : 1))).toBeUndefined();
});

it('is not found where nothing changes, however long', () => {
  const recovery = createRecovery(createBaseline(rare) as Baseline, 0.06, rare);
  expect(over(recovery, 1_000, () => settled(100, 6))).toBeUndefined();
});
