import { describe, expect, it } from 'vitest';
import { roganGladen } from './rogan-gladen.js';

const counted = (rate: number, n: number): { count: number; n: number } => ({ count: rate * n, n });

/** Standard normal quantiles. */
const Z_80 = 1.2815515655446004;
const Z_90 = 1.6448536269514722;
const Z_95 = 1.959963984540054;
const Z_99 = 2.5758293035489004;

describe('roganGladen', () => {
  // What the package of C. Lee et al. (arXiv 2511.21140) answers; its own formula is that of Lang and Reiczigel (2014).
  it.each([
    { p: 0.4, q0: 0.7, q1: 0.9, n: 1_000, m0: 200, m1: 200, z: Z_95, low: 0.05635072484, high: 0.26273302579 },
    { p: 0.5, q0: 0.8, q1: 0.8, n: 500, m0: 100, m1: 100, z: Z_95, low: 0.37997465886, high: 0.62002534114 },
    { p: 0.62, q0: 0.85, q1: 0.93, n: 2_000, m0: 150, m1: 350, z: Z_95, low: 0.55447747815, high: 0.64563278454 },
    { p: 0.1, q0: 0.95, q1: 0.6, n: 300, m0: 50, m1: 80, z: Z_90, low: 0, high: 0.1781373166 },
    { p: 0.9, q0: 0.6, q1: 0.99, n: 10_000, m0: 1_000, m1: 1_000, z: Z_99, low: 0.82733484787, high: 0.86867131025 },
    { p: 0.3333, q0: 0.777, q1: 0.888, n: 123, m0: 45, m1: 67, z: Z_80, low: 0.0125211725, high: 0.28167241897 },
    { p: 0, q0: 1, q1: 1, n: 50, m0: 10, m1: 10, z: Z_95, low: 0, high: 0.09568563634 },
  ])('agrees with the published implementation at p $p, q0 $q0, q1 $q1', ({ p, q0, q1, n, m0, m1, z, low, high }) => {
    const corrected = roganGladen(
      { judgedPass: counted(p, n), truePass: counted(q1, m1), trueFail: counted(q0, m0) },
      z,
    );
    expect(corrected!.interval[0]).toBeCloseTo(low, 9);
    expect(corrected!.interval[1]).toBeCloseTo(high, 9);
  });

  it('takes out what a judge of known error rates adds', () => {
    // By hand: .97 truly pass; judged (.97)(.9753) + (.03)(.135) = .950091.
    const corrected = roganGladen({
      judgedPass: counted(0.950091, 1e6),
      truePass: counted(0.9753, 1e6),
      trueFail: counted(0.865, 1e6),
    });
    expect(corrected!.passRate).toBeCloseTo(0.97, 9);
  });

  it('tells nothing of a judge that is no better than chance', () => {
    const chance = { judgedPass: counted(0.5, 100), truePass: counted(0.5, 20), trueFail: counted(0.5, 20) };
    expect(roganGladen(chance)).toBeNull();
  });

  it('refuses more than there are', () => {
    const one = counted(1, 1);
    expect(() => roganGladen({ judgedPass: { count: 2, n: 1 }, truePass: one, trueFail: one })).toThrow(RangeError);
  });
});
