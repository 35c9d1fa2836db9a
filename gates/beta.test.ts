import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { incompleteBeta, inverseIncompleteBeta, logGamma } from './beta.js';

const parameter = fc.double({ min: 0.5, max: 5_000, noNaN: true });
const probability = fc.double({ min: 0.001, max: 0.999, noNaN: true });

describe('logGamma', () => {
  it('is the logarithm of a factorial at whole numbers', () => {
    let factorial = 1;
    for (let n = 1; n < 20; n += 1) {
      expect(logGamma(n)).toBeCloseTo(Math.log(factorial), 11);
      factorial *= n;
    }
  });

  it('is ln √π at one half', () => {
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 13);
  });
});

describe('incompleteBeta', () => {
  // I_x(a, b) is the upper tail of a binomial: DLMF 8.17.5. By hand: P(X >= 2) of 3 at .3 = 3 (.09)(.7) + .027.
  it('is the upper tail of a binomial', () => {
    expect(incompleteBeta(0.3, 2, 2)).toBeCloseTo(3 * 0.09 * 0.7 + 0.027, 14);
  });

  it('is mirrored when its parameters change places', () => {
    fc.assert(
      fc.property(probability, parameter, parameter, (x, a, b) => {
        expect(incompleteBeta(x, a, b)).toBeCloseTo(1 - incompleteBeta(1 - x, b, a), 9);
      }),
    );
  });

  it('refuses what is outside [0, 1]', () => {
    expect(() => incompleteBeta(1.1, 2, 2)).toThrow(RangeError);
  });
});

describe('inverseIncompleteBeta', () => {
  it('undoes the incomplete beta function', () => {
    fc.assert(
      fc.property(probability, parameter, parameter, (p, a, b) => {
        expect(incompleteBeta(inverseIncompleteBeta(p, a, b), a, b)).toBeCloseTo(p, 6);
      }),
    );
  });
});
