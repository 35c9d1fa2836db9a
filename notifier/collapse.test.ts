import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AlarmState } from '../core/alarm.js';
import { collapse } from './collapse.js';
import { makeTransition } from './world.test-support.js';

const STATES: Readonly<Record<string, AlarmState>> = { f: 'firing', a: 'acknowledged', r: 'resolved' };

/** What waits after these transitions, each with its number, while nothing is sent: `f1 a2`. */
function after(letters: string, mayBeOpen: boolean): string {
  let waiting: ReturnType<typeof collapse> = [];
  Array.from(letters).forEach((letter, at) => {
    waiting = collapse({ waiting, mayBeOpen }, makeTransition({ sequence: at + 1, state: STATES[letter]! }));
  });
  return waiting.map(({ state, sequence }) => `${state.charAt(0)}${sequence}`).join(' ');
}

describe('what waits for a receiver that was told nothing', () => {
  it.each([
    ['f', 'f1'],
    ['ff', 'f2'],
    ['fr', ''],
    ['fa', 'f1 a2'],
    ['faa', 'f1 a3'],
    ['far', ''],
    ['frf', 'f3'],
    ['frfr', ''],
    ['r', ''],
    ['a', ''],
    ['faf', 'f3'],
  ])('after %s is: %s', (letters, expected) => {
    expect(after(letters, false)).toBe(expected);
  });
});

describe('what waits for a receiver that has the alarm open', () => {
  it.each([
    ['r', 'r1'],
    ['a', 'a1'],
    ['aa', 'a2'],
    ['ar', 'r2'],
    ['f', 'f1'],
    ['rf', 'r1 f2'],
    ['rfr', 'r1'],
    ['rfrf', 'r1 f4'],
    ['rfa', 'r1 f2 a3'],
    ['rfar', 'r1'],
    ['ra', 'r1'],
    ['fr', 'r2'],
  ])('after %s is: %s', (letters, expected) => {
    expect(after(letters, true)).toBe(expected);
  });

  it('is never more than three, in order, and leads to where the alarm is', () => {
    const story = fc.array(fc.constantFrom('f', 'a', 'r'), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(story, fc.boolean(), (letters, mayBeOpen) => {
        const waiting = after(letters.join(''), mayBeOpen).split(' ').filter(Boolean);
        expect(waiting.length).toBeLessThanOrEqual(3);
        const numbers = waiting.map((one) => Number(one.slice(1)));
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
        const isOpen = waiting.reduce(
          (open, one) => (one.startsWith('r') ? false : one.startsWith('f') || open),
          mayBeOpen,
        );
        const last = letters.filter((letter) => letter !== 'a').at(-1);
        expect(isOpen).toBe(last === undefined ? mayBeOpen : last === 'f');
      }),
      { seed: 11, numRuns: 500 },
    );
  });
});
