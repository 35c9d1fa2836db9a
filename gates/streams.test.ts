import { describe, expect, it } from 'vitest';
import type { Cell } from '../core/cell.js';
import { createBaseline } from './baseline.js';
import { createDetector, evidence, updateDetector } from './detector.js';
import { judgeErrorStream, settledStream } from './streams.js';

const HOUR_MS = 3_600_000;

function isAlarm(before: readonly Cell[], after: readonly Cell[]): boolean {
  const detector = createDetector(createBaseline(before)!, { checksPerFalseAlarm: 365 });
  return evidence(updateDetector(detector, { startMs: 0, endMs: HOUR_MS, cells: after })).isAlarm;
}

function traffic(traces: number, { settledShare, judgedFailShare }: Record<string, number>): readonly Cell[] {
  const settled = Math.round(traces * settledShare!);
  const rest = traces - settled;
  const judged = Math.round(rest * 0.02);
  const failed = Math.round(judged * judgedFailShare!);
  const common = { upstreamWeight: 1, unanswered: 0 };
  return [
    { ...common, stratum: 'settled', pi: 1, traces: settled, passed: 0, failed: settled },
    { ...common, stratum: 'unsuspected', pi: 0.02, traces: rest, passed: judged - failed, failed },
  ];
}

describe('settledStream', () => {
  const before = traffic(100_000, { settledShare: 0.005, judgedFailShare: 0.01 });
  const after = traffic(3_000, { settledShare: 0.02, judgedFailShare: 0.01 });

  it('sees in one batch what the sampled stream cannot yet tell from noise', () => {
    expect(isAlarm(before, after)).toBe(false);
    expect(isAlarm(settledStream(before), settledStream(after))).toBe(true);
  });

  it('counts every trace, and of the settled only those that a check failed', () => {
    const [settled, rest] = settledStream([
      { stratum: 'settled', pi: 1, upstreamWeight: 2, traces: 10, passed: 7, failed: 3, unanswered: 0 },
      { stratum: 'suspected', pi: 0.5, upstreamWeight: 1, traces: 20, passed: 4, failed: 5, unanswered: 1 },
    ]);
    expect(settled).toMatchObject({ pi: 1, upstreamWeight: 2, traces: 10, passed: 7, failed: 3 });
    expect(rest).toMatchObject({ pi: 1, upstreamWeight: 1, traces: 20, passed: 20, failed: 0 });
  });
});

describe('judgeErrorStream', () => {
  it('alarms when a judge gets twice as much wrong as on the anchors it was adopted with', () => {
    const adopted = judgeErrorStream({ right: 5_700, wrong: 300 });
    expect(isAlarm(adopted, judgeErrorStream({ right: 188, wrong: 12 }))).toBe(false);
    expect(isAlarm(adopted, judgeErrorStream({ right: 170, wrong: 30 }))).toBe(true);
  });
});
