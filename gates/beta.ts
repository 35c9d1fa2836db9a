/** Coefficients of Lanczos' approximation with g = 7: relative error under 1e-14 for arguments of at least one half. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const;

/** Smallest number that the continued fraction divides by. */
const TINY = 1e-300;
const EPSILON = 1e-15;
/** The fraction takes about the square root of the larger parameter in steps. */
const MAX_STEPS = 100_000;

/**
 * Natural logarithm of the gamma function.
 *
 * @param x - at least 1/2
 * @see C. Lanczos (1964), SIAM J. Numerical Analysis B 1, 86-96
 */
export function logGamma(x: number): number {
  if (!(x >= 0.5)) throw new RangeError(`expected an argument of at least 0.5, got ${x}`);
  let sum: number = LANCZOS[0];
  for (let k = 1; k < LANCZOS.length; k += 1) sum += LANCZOS[k]! / (x - 1 + k);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

/**
 * Regularised incomplete beta function, which is the distribution function of a beta variable.
 *
 * @param x - in [0, 1]
 * @param a - at least 1/2, as is b
 * @returns a probability in [0, 1]
 * @throws {RangeError} when an argument is outside its range
 * @see W. J. Lentz (1976), Applied Optics 15, 668-671, for the way in which the continued fraction DLMF 8.17.22 is evaluated
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (!(x >= 0 && x <= 1)) throw new RangeError(`expected x in [0, 1], got ${x}`);
  if (x === 0 || x === 1) return x;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  // The fraction converges fast only before the mean.
  return x < (a + 1) / (a + b + 2)
    ? (front * continuedFraction(x, a, b)) / a
    : 1 - (front * continuedFraction(1 - x, b, a)) / b;
}

function continuedFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m <= MAX_STEPS; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    const step = d * c;
    value *= step;
    if (Math.abs(step - 1) < EPSILON) break;
  }
  return value;
}

function away(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}

/**
 * Quantile of a beta variable, by bisection: slower than Newton's steps, and never astray.
 *
 * @param p - probability in [0, 1]
 * @param a - at least 1/2, as is b
 * @returns x in [0, 1] with `incompleteBeta(x, a, b) = p`, to the last bits of a double
 * @throws {RangeError} when an argument is outside its range
 */
export function inverseIncompleteBeta(p: number, a: number, b: number): number {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`expected a probability in [0, 1], got ${p}`);
  if (p === 0 || p === 1) return p;
  let low = 0;
  let high = 1;
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (incompleteBeta(middle, a, b) < p) low = middle;
    else high = middle;
  }
}
