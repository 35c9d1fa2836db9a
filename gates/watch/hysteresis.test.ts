import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHysteresis, type HysteresisState, type Look } from './hysteresis.js';

const MINUTE_MS = 60_000;
const options = { fireAfterLooks: 3, quietMs: 5 * MINUTE_MS, maxGapMs: 3 * MINUTE_MS };

/** What each look of a minute led to: `b`ad, `g`ood, `.` for no data. Changes are told with their minute. */
function run(looks: string, changed: Partial<typeof options> = {}): readonly string[] {
  const hysteresis = createHysteresis({ ...options, ...changed });
  const names: Readonly<Record<string, Look>> = { b: 'bad', g: 'good', '.': 'unknown' };
  let state = hysteresis.initial;
  return Array.from(looks).flatMap((letter, minute) => {
    const step = hysteresis.step(state, names[letter]!, minute * MINUTE_MS);
    // Kept as JSON between looks, as a gate does.
    state = JSON.parse(JSON.stringify(step.state)) as HysteresisState;
    return step.change === 'none' ? [] : [`${step.change} at ${minute}`];
  });
}

describe('hysteresis', () => {
  it('fires once, at the third bad look in a row', () => {
    expect(run('bbggbbbbbb')).toEqual(['fires at 6']);
  });

  it('resolves after five minutes that were seen to be good', () => {
    expect(run('bbbgggggg')).toEqual(['fires at 2', 'resolves at 8']);
    expect(run('bbbggggg')).toEqual(['fires at 2']);
  });

  it('begins to wait anew after each bad look', () => {
    expect(run('bbbgggggbgggggg')).toEqual(['fires at 2', 'resolves at 14']);
  });

  it('does not resolve because data has stopped', () => {
    expect(run(`bbbg${'.'.repeat(600)}`)).toEqual(['fires at 2']);
  });

  it('counts no time without data as good once data is back', () => {
    expect(run('bbbggg......g')).toEqual(['fires at 2']);
    // Two minutes were seen before, three more are needed, from the first look that follows another.
    expect(run('bbbggg......gggg')).toEqual(['fires at 2', 'resolves at 15']);
  });

  it('does not fire because data has stopped, nor of bad looks on both sides of a gap', () => {
    expect(run('bb........')).toEqual([]);
    expect(run('bb.b')).toEqual([]);
    expect(run('bb.bbb')).toEqual(['fires at 5']);
  });

  it('takes looks that are too far apart for a gap', () => {
    const hysteresis = createHysteresis({ ...options, fireAfterLooks: 1 });
    const fired = hysteresis.step(hysteresis.initial, 'bad', 0).state;
    const good = hysteresis.step(fired, 'good', MINUTE_MS).state;
    expect(hysteresis.step(good, 'good', 60 * MINUTE_MS).change).toBe('none');
    const two = createHysteresis({ ...options, fireAfterLooks: 2 });
    const once = two.step(two.initial, 'bad', 0).state;
    expect(two.step(once, 'bad', 60 * MINUTE_MS).change).toBe('none');
  });

  it('fires at most once in each quiet time, whatever it sees', () => {
    const looks = fc.array(fc.constantFrom('b', 'g', '.'), { maxLength: 300 });
    fc.assert(
      fc.property(looks, (letters) => {
        const changes = run(letters.join(''), { fireAfterLooks: 1 });
        const minutes = changes.map((change) => Number(change.split(' ').at(-1)));
        changes.forEach((change, at) => {
          expect(change).toMatch(at % 2 === 0 ? /^fires/ : /^resolves/);
          if (at % 2 === 1) expect(minutes[at]! - minutes[at - 1]!).toBeGreaterThanOrEqual(6);
        });
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  it.each([{ fireAfterLooks: 0 }, { fireAfterLooks: 1.5 }, { quietMs: -1 }, { quietMs: NaN }, { maxGapMs: 0 }])(
    'refuses %j',
    (changed) => {
      expect(() => createHysteresis({ ...options, ...changed })).toThrow(RangeError);
    },
  );
});
