import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, parseJson } from './json.js';

describe('parseJson', () => {
  it('parses objects, arrays, and either of them inside a JSON string', () => {
    expect(parseJson(' {"a":[1,null]}')).toEqual({ a: [1, null] });
    expect(parseJson('"{\\"a\\":1}"')).toEqual({ a: 1 });
    expect(parseJson('"plain"')).toBe('plain');
  });

  it('leaves the third layer alone', () => {
    expect(parseJson(JSON.stringify(JSON.stringify(JSON.stringify({ a: 1 }))))).toBe('"{\\"a\\":1}"');
  });

  it.each(['', ' ', 'plain', '12', 'true', '{"a":', '[1,', '{"a":1}x', "{'a':1}"])(
    'says of %j that it is no JSON of ours',
    (text) => {
      expect(parseJson(text)).toBeUndefined();
    },
  );

  it('keeps integers that a double cannot hold, and digits inside texts and fractions', () => {
    const text =
      '{"id":9007199254740993,"neg":-9223372036854775808,"text":"9007199254740993 \\" 1","part":0.1234567890123456,"safe":1234567890123456}';
    const value = parseJson(text);
    expect(value).toEqual({
      id: 9007199254740993n,
      neg: -9223372036854775808n,
      text: '9007199254740993 " 1',
      part: 0.1234567890123456,
      safe: 1234567890123456,
    });
    expect(canonicalJson(value)).toContain('"id":9007199254740993,');
  });

  it('refuses nesting that would exhaust the stack', () => {
    for (const depth of [101, 100_000]) expect(parseJson('['.repeat(depth) + ']'.repeat(depth))).toBeUndefined();
    expect(parseJson('['.repeat(100) + ']'.repeat(100))).toBeDefined();
  });

  it('takes linear time for text that is cut inside a string of quotes', () => {
    const started = performance.now();
    expect(parseJson(`{"n":1234567890123456789,"a":"${'\\"'.repeat(500_000)}`)).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('canonicalJson', () => {
  it('sorts keys at every depth and writes bytes as base64', () => {
    expect(canonicalJson({ b: { d: 1, c: [2n ** 60n] }, a: new Uint8Array([1, 2, 3]) })).toBe(
      '{"a":"AQID","b":{"c":[1152921504606846976],"d":1}}',
    );
  });

  it('is JSON of the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = canonicalJson(value as never);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(JSON.parse(text) as never)).toBe(text);
      }),
    );
  });
});
