import { describe, expect, it } from 'vitest';
import { moverMargins, type Term } from './mover.js';
import { wilsonInterval } from './wilson.js';

function term(count: number, n: number): Term {
  const [low, high] = wilsonInterval(count, n);
  return { estimate: count / n, low, high };
}

function minus({ estimate, low, high }: Term): Term {
  return { estimate: -estimate, low: -high, high: -low };
}

describe('moverMargins', () => {
  // R. G. Newcombe (1998), Statistics in Medicine 17, 873-890, table II, method 10: differences of two proportions.
  it.each<{ a: [number, number]; b: [number, number]; low: number; high: number }>([
    { a: [56, 70], b: [48, 80], low: 0.0524, high: 0.3339 },
    { a: [9, 10], b: [3, 10], low: 0.1705, high: 0.809 },
    { a: [5, 56], b: [0, 29], low: -0.0381, high: 0.1926 },
    { a: [0, 10], b: [0, 20], low: -0.1611, high: 0.2775 },
    { a: [10, 10], b: [0, 20], low: 0.6791, high: 1 },
  ])('agrees with the published interval of $a - $b', ({ a, b, low, high }) => {
    const [below, above] = moverMargins([term(...a), minus(term(...b))]);
    const difference = a[0] / a[1] - b[0] / b[1];
    expect(difference - below).toBeCloseTo(low, 4);
    expect(difference + above).toBeCloseTo(high, 4);
  });

  it('is the interval itself for one term', () => {
    expect(moverMargins([{ estimate: 0.5, low: 0.25, high: 0.875 }])).toEqual([0.25, 0.375]);
  });

  it('widens both sides by a further margin, in quadrature', () => {
    const [below, above] = moverMargins([{ estimate: 0.5, low: 0.47, high: 0.54 }], 0.04 ** 2);
    expect(below).toBeCloseTo(0.05, 12);
    expect(above).toBeCloseTo(0.04 * Math.SQRT2, 12);
  });
});
