import { Z_95 } from './wilson.js';

/** A share that was counted: so many of n. */
export interface Counted {
  readonly count: number;
  /** At least 1. */
  readonly n: number;
}

/** What the judge said of all, and of those whose truth a person told. */
export interface JudgedAgainstLabels {
  /** Judged to pass, of all that were judged. */
  readonly judgedPass: Counted;
  /** Judged to pass, of those that truly pass. */
  readonly truePass: Counted;
  /** Judged to fail, of those that truly fail. */
  readonly trueFail: Counted;
}

/** A corrected rate, in [0, 1]. */
export interface Corrected {
  readonly passRate: number;
  readonly interval: readonly [low: number, high: number];
}

/**
 * True pass rate from the judged one by the judge's own error rates (Rogan and Gladen), with the interval of Lang and Reiczigel,
 * which adds two of each kind to what was counted and so holds at small numbers. It travels to other traffic as long as
 * the error rates do, and takes more labels than the other corrections.
 *
 * @param z - standard normal quantile
 * @returns null when the judge is no better than chance by these labels: then nothing can be undone
 * @throws {RangeError} when a count is outside its n
 * @see W. J. Rogan and B. Gladen (1978), American J. Epidemiology 107, 71-76; Z. Lang and J. Reiczigel (2014), Preventive
 *   Veterinary Medicine 113, 13-22; C. Lee et al. (2025), arXiv 2511.21140
 */
export function roganGladen({ judgedPass, truePass, trueFail }: JudgedAgainstLabels, z = Z_95): Corrected | null {
  [judgedPass, truePass, trueFail].forEach(assertCounted);
  const theta = correct(judgedPass.count / judgedPass.n, truePass.count / truePass.n, trueFail.count / trueFail.n);
  const n = judgedPass.n + z * z;
  const m1 = truePass.n + 2;
  const m0 = trueFail.n + 2;
  const p = (judgedPass.count + (z * z) / 2) / n;
  const q1 = (truePass.count + 1) / m1;
  const q0 = (trueFail.count + 1) / m0;
  const adjusted = correct(p, q1, q0);
  if (theta === null || adjusted === null) return null;
  const noise1 = (q1 * (1 - q1)) / m1;
  const noise0 = (q0 * (1 - q0)) / m0;
  const shift = 2 * z * z * (adjusted * noise1 - (1 - adjusted) * noise0);
  const se = Math.sqrt((p * (1 - p)) / n + (1 - adjusted) ** 2 * noise0 + adjusted ** 2 * noise1) / (q0 + q1 - 1);
  const centre = adjusted + shift;
  return { passRate: clamp(theta), interval: [clamp(centre - z * se), clamp(centre + z * se)] };
}

function correct(p: number, q1: number, q0: number): number | null {
  const skill = q0 + q1 - 1;
  return skill > 0 ? (p + q0 - 1) / skill : null;
}

function clamp(rate: number): number {
  return Math.min(1, Math.max(0, rate));
}

function assertCounted({ count, n }: Counted): void {
  if (!(n >= 1) || !(count >= 0 && count <= n))
    throw new RangeError(`expected a count in [0, n] with n >= 1, got ${count} of ${n}`);
}
