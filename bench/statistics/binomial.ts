import type { Prng } from '../estimates/prng.js';

/** From this many expected successes on the rejection method is both valid and faster. */
const REJECTION_FROM = 10;

/**
 * A binomial count: how many of n independent trials succeed. Exact; about constant time for any n.
 *
 * @param n - integer >= 0
 * @param p - in [0, 1]
 * @see W. Hörmann (1993), The generation of binomial random variates, J. Stat. Comput. Simul. 46, 101-110: algorithm BTRS
 */
export function drawBinomial(prng: Prng, n: number, p: number): number {
  if (n === 0 || p <= 0) return 0;
  if (p >= 1) return n;
  if (p > 0.5) return n - drawBinomial(prng, n, 1 - p);
  return n * p < REJECTION_FROM ? byInversion(prng, n, p) : byRejection(prng, n, p);
}

/**
 * How many of n trials fall into each of the categories; the last one takes what the others leave.
 *
 * @param shares - probability of each category; they sum to 1
 */
export function drawMultinomial(prng: Prng, n: number, shares: readonly number[]): number[] {
  let left = n;
  let shareLeft = 1;
  return shares.map((share, index) => {
    if (index === shares.length - 1) return left;
    const count = drawBinomial(prng, left, Math.min(1, share / shareLeft));
    left -= count;
    shareLeft -= share;
    return count;
  });
}

/** Sums waiting times between successes, which are geometric: L. Devroye (1986), Non-Uniform Random Variate Generation, X.4. */
function byInversion(prng: Prng, n: number, p: number): number {
  const scale = Math.log1p(-p);
  let count = 0;
  let trial = 0;
  for (;;) {
    trial += Math.floor(Math.log(1 - openUniform(prng)) / scale) + 1;
    if (trial > n) return count;
    count += 1;
  }
}

function byRejection(prng: Prng, n: number, p: number): number {
  const odds = p / (1 - p);
  const spread = Math.sqrt(n * p * (1 - p));
  const b = 1.15 + 2.53 * spread;
  const a = -0.0873 + 0.0248 * b + 0.01 * p;
  const c = n * p + 0.5;
  const vr = 0.92 - 4.2 / b;
  const alpha = (2.83 + 5.1 / b) * spread;
  const mode = Math.floor((n + 1) * p);
  for (;;) {
    const u = openUniform(prng) - 0.5;
    let v = openUniform(prng);
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + c);
    if (k < 0 || k > n) continue;
    if (us >= 0.07 && v <= vr) return k;
    v = Math.log((v * alpha) / (a / (us * us) + b));
    const bound =
      (mode + 0.5) * Math.log((mode + 1) / (odds * (n - mode + 1))) +
      (n + 1) * Math.log((n - mode + 1) / (n - k + 1)) +
      (k + 0.5) * Math.log((odds * (n - k + 1)) / (k + 1)) +
      stirlingTail(mode) +
      stirlingTail(n - mode) -
      stirlingTail(k) -
      stirlingTail(n - k);
    if (v <= bound) return k;
  }
}

const TAILS = [
  0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.020790672103765, 0.0166446911898211, 0.0138761288230707,
  0.0118967099458917, 0.010411265261972, 0.0092554621827127, 0.0083305634333632,
] as const;

/** What Stirling's formula leaves out of log k!. */
function stirlingTail(k: number): number {
  const known = TAILS[k];
  if (known !== undefined) return known;
  const square = (k + 1) ** 2;
  return (1 / 12 - (1 / 360 - 1 / 1_260 / square) / square) / (k + 1);
}

/** Uniform in (0, 1): never 0, whose logarithm is not finite. */
function openUniform(prng: Prng): number {
  return (prng.uint32() + 0.5) / 2 ** 32;
}
