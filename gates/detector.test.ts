import { assert, constantFrom, double, integer, property, record, array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../core/cell.js';
import { STRATA } from '../core/decision.js';
import { createBaseline, type Baseline } from './baseline.js';
import { createDetector, evidence, updateDetector, type DetectorState } from './detector.js';
import { scoresOf } from './score.js';

const cell = (given: Partial<Cell>): Cell => ({
  stratum: 'unsuspected',
  pi: 1,
  upstreamWeight: 1,
  traces: 0,
  passed: 0,
  failed: 0,
  unanswered: 0,
  ...given,
});

/** 5 % of 10,000 fail, all judged: g = .05, and a score is 0 or 1. */
const BASELINE = createBaseline([cell({ traces: 10_000, passed: 9_500, failed: 500 })])!;
const SAMPLED = createBaseline([
  cell({ stratum: 'suspected', traces: 6_000, passed: 3_600, failed: 2_400 }),
  cell({ stratum: 'unsuspected', pi: 0.1, traces: 94_000, passed: 9_330, failed: 70 }),
])!;

const HOUR_MS = 3_600_000;
const day = (failed: number, passed: number): Cell => cell({ traces: failed + passed, failed, passed });

function watch(state: DetectorState, batches: readonly (readonly Cell[])[]): DetectorState {
  return batches.reduce((before, cells) => {
    const startMs = before.untilMs ?? 0;
    return updateDetector(before, { startMs, endMs: startMs + HOUR_MS, cells });
  }, state);
}

const newDetector = (baseline: Baseline = BASELINE): DetectorState =>
  createDetector(baseline, { checksPerFalseAlarm: 8_760 });

describe('updateDetector', () => {
  it('multiplies what each trace makes of each bet', () => {
    const state = watch(newDetector(), [[day(2, 3)]]);
    state.bets.forEach(({ logEvidence }, index) => {
      const { lambda } = BASELINE.bets[index]!;
      const fail = 1 + lambda * (1 - BASELINE.nullRate);
      const pass = 1 - lambda * BASELINE.nullRate;
      expect(Math.exp(logEvidence)).toBeCloseTo(fail ** 2 * pass ** 3, 10);
    });
  });

  it('scores the sampled out and the unanswered by what was predicted of their stratum', () => {
    const state = watch(newDetector(SAMPLED), [[cell({ pi: 0.1, traces: 103, failed: 1, passed: 2, unanswered: 4 })]]);
    const g = 70 / 9_400;
    const c = SAMPLED.nullRate;
    const { lambda } = SAMPLED.bets.at(-1)!;
    const expected =
      Math.log(1 + lambda * (g + (1 - g) / 0.1 - c)) +
      2 * Math.log(1 + lambda * (g - g / 0.1 - c)) +
      100 * Math.log(1 + lambda * (g - c));
    expect(state.bets.at(-1)!.logEvidence).toBeCloseTo(expected, 12);
  });

  // By summing over all that can become of a trace: so E[1 + λ(X − c)] is 1 where the null rate c is the true one, for any λ.
  it('scores with the failure probability as the mean, whatever was predicted', () => {
    const stratum = record({
      stratum: constantFrom(...STRATA),
      pi: double({ min: 0.001, max: 1, noNaN: true }),
      fails: double({ min: 0, max: 1, noNaN: true }),
      size: integer({ min: 1, max: 1_000 }),
    });
    assert(
      property(array(stratum, { minLength: 1, maxLength: 6 }), double({ min: 0, max: 1, noNaN: true }), (strata, g) => {
        const rates = { settled: g, suspected: g, unsuspected: g, incomplete: g };
        const size = strata.reduce((sum, each) => sum + each.size, 0);
        const failRate = strata.reduce((sum, each) => sum + (each.size / size) * each.fails, 0);
        const meanScore = strata.reduce((sum, { size: own, fails, ...each }) => {
          const scores = scoresOf(cell(each), rates);
          const judged = fails * scores.failed + (1 - fails) * scores.passed;
          return sum + (own / size) * (each.pi * judged + (1 - each.pi) * scores.unsampled);
        }, 0);
        expect(meanScore).toBeCloseTo(failRate, 9);
      }),
    );
  });

  it('goes on from JSON as if it had not been stopped', () => {
    const batches = [[day(3, 40)], [day(0, 30)], [day(9, 50)], [day(12, 50)]];
    const whole = watch(newDetector(), batches);
    const first = watch(newDetector(), batches.slice(0, 2));
    const resumed = watch(JSON.parse(JSON.stringify(first)) as DetectorState, batches.slice(2));
    expect(resumed).toEqual(whole);
  });

  it('forgets a run that came to nothing, and dates the next one from where it begins', () => {
    const state = watch(newDetector(), [[day(20, 80)], [day(0, 2_000)], [day(0, 100)], [day(20, 80)], [day(20, 80)]]);
    const { leading, changePointMs, failRate } = evidence(state);
    expect(changePointMs).toBe(3 * HOUR_MS);
    expect(leading.weight).toBe(200);
    expect(failRate).toBeCloseTo(0.2, 12);
    const alone = watch(newDetector(), [[day(20, 80)], [day(20, 80)]]);
    expect(evidence(state).leading.logEvidence).toBeCloseTo(evidence(alone).leading.logEvidence, 10);
  });

  it('counts a trace as often as the sampler before us says, measured by the mean of the baseline', () => {
    const kept = cell({ traces: 5_000, passed: 4_500, failed: 500 });
    const thinned = cell({ upstreamWeight: 4, traces: 5_000, passed: 4_950, failed: 50 });
    const baseline = createBaseline([kept, thinned])!;
    expect(baseline.upstreamWeight).toBe(2.5);
    const batch = cell({ upstreamWeight: 4, traces: 3, passed: 2, failed: 1 });
    const { leading, failRate } = evidence(watch(newDetector(baseline), [[batch]]));
    const stake = leading.lambda * (4 / 2.5);
    const expected = Math.log1p(stake * (1 - baseline.nullRate)) + 2 * Math.log1p(-stake * baseline.nullRate);
    expect(leading.logEvidence).toBeCloseTo(expected, 12);
    expect(leading.weight).toBeCloseTo(4.8, 12);
    expect(failRate).toBeCloseTo(1 / 3, 12);
  });

  it('says which stratum the evidence came from', () => {
    const quiet = cell({ stratum: 'unsuspected', pi: 0.1, traces: 940, passed: 93, failed: 1 });
    const bad = cell({ stratum: 'suspected', traces: 60, passed: 12, failed: 48 });
    const { leading } = evidence(watch(newDetector(SAMPLED), [[quiet, bad]]));
    const total = Object.values(leading.byStratum).reduce((sum, each) => sum + each, 0);
    expect(total).toBeCloseTo(leading.logEvidence, 10);
    expect(leading.byStratum.suspected).toBeGreaterThan(0);
    expect(leading.byStratum.unsuspected).toBeLessThan(0);
  });

  it('alarms once the mean of its bets reaches A, and not before', () => {
    const { logThreshold } = newDetector();
    expect(logThreshold).toBeCloseTo(Math.log(8_760), 12);
    expect(createDetector(BASELINE, { checksPerFalseAlarm: 8_760, metrics: 10 }).logThreshold).toBeCloseTo(
      Math.log(87_600),
      12,
    );
    let state = newDetector();
    let alarms = 0;
    for (let batch = 0; batch < 100 && alarms === 0; batch += 1) {
      state = watch(state, [[day(8, 92)]]);
      const { logEvidence, isAlarm } = evidence(state);
      expect(isAlarm).toBe(logEvidence >= logThreshold);
      if (isAlarm) alarms += 1;
    }
    expect(alarms).toBe(1);
    expect(evidence(state).changePointMs).toBe(0);
  });

  it('stays an alarm while it lasts, and is quiet as soon after a long incident as after a short one', () => {
    const after = (bad: number): number => {
      let state = watch(
        newDetector(),
        Array.from({ length: bad }, () => [day(30, 70)]),
      );
      expect(evidence(state).isAlarm).toBe(true);
      let batches = 0;
      for (; !evidence(state).isQuiet; batches += 1) state = watch(state, [[day(5, 95)]]);
      return batches;
    };
    expect(after(10)).toBe(after(1_000));
  });

  it('keeps what it knows when no data comes', () => {
    const before = watch(newDetector(), [[day(30, 70)], [day(30, 70)]]);
    const after = watch(before, [[], []]);
    expect(evidence(after)).toEqual(evidence(before));
  });

  it('never bets more than a trace can lose when a later policy samples more thinly', () => {
    const thin = cell({ pi: 0.0005, traces: 2_000, passed: 2_000 });
    const state = watch(newDetector(SAMPLED), [[thin]]);
    for (const { logEvidence } of state.bets) expect(logEvidence).toBeGreaterThanOrEqual(2_000 * Math.log(0.1) - 1e-6);
    expect(state.worstLoss).toBeGreaterThan(SAMPLED.worstLoss);
  });

  it('does not count a batch twice', () => {
    const batch = { startMs: 0, endMs: HOUR_MS, cells: [day(1, 9)] };
    const state = updateDetector(newDetector(), batch);
    expect(() => updateDetector(state, batch)).toThrow(/twice/);
    expect(() => updateDetector(state, { ...batch, startMs: HOUR_MS })).toThrow(RangeError);
  });

  it.each([[{ checksPerFalseAlarm: 0 }], [{ checksPerFalseAlarm: 365, metrics: 0.5 }]])('refuses %o', (options) => {
    expect(() => createDetector(BASELINE, options)).toThrow(RangeError);
  });

  it('has nothing to say before the first batch', () => {
    expect(evidence(createDetector(BASELINE, { checksPerFalseAlarm: 1 }))).toMatchObject({
      isAlarm: false,
      isQuiet: true,
      changePointMs: null,
      failRate: null,
    });
  });
});
