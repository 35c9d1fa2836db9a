import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeText } from './safe-text.js';

describe('text that may come from a trace', () => {
  it.each([
    ['plain text stays, naïve, 会議室 and 😀', 'plain text stays, naïve, 会議室 and 😀'],
    ['p < .05 & q > 3', 'p < .05 & q > 3'],
    ['two\r\nlines\tand a\u2028third', 'two lines and a third'],
    ['\u001b[1;31mred\u001b[0m', 'red'],
    ['\u001b]8;;https://evil.test\u0007click\u001b]8;;\u001b\\', 'click'],
    ['bell\u0007 and \u009b31m', 'bell and 31m'],
    ['invoice\u202efdp.exe', 'invoice�fdp.exe'],
    ['zero\u200bwidth\ufeffmark', 'zero�width mark'],
    ['tag\u{e0041}ged', 'tag�ged'],
    ['half \ud83d', 'half �'],
    ['@channel, @Here and @everyone@x', '＠channel, ＠Here and ＠everyone@x'],
    ['me@example.com, @channels', 'me@example.com, @channels'],
    ['<!channel> <@U1> <#C1> <https://x.test|y> <b> </b>', '‹!channel> ‹@U1> ‹#C1> ‹https://x.test|y> ‹b> ‹/b>'],
    ['👩‍👩‍👧 می‌خواهم', '👩‍👩‍👧 می‌خواهم'],
    ['   ', ''],
  ])('%j becomes %j', (text, expected) => {
    expect(safeText(text, 200)).toBe(expected);
  });

  it('is cut where it is too long, never inside a character', () => {
    expect(safeText('abcdef', 6)).toBe('abcdef');
    expect(safeText('abcdefg', 6)).toBe('abcde…');
    expect(safeText('abcd😀😀', 6)).toBe('abcd…');
  });

  it('stays as it is once it is safe, and as short as asked', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 });
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 80 }), (hostile, most) => {
        const safe = safeText(hostile, most);
        expect(safe.length).toBeLessThanOrEqual(most);
        expect(safeText(safe, most)).toBe(safe);
        expect(safe).not.toMatch(/\p{Cs}/u);
      }),
      { seed: 23, numRuns: 500 },
    );
  });
});
