import { describe, expect, it } from 'vitest';
import { toBound } from './query-params.js';

const bind = (type: string, text: string): unknown => toBound(`SELECT {x: ${type}}`, new Map([['x', text]]))['x'];

describe('a parameter of a request', () => {
  it.each([
    ['String', "a\\tb\\\\c\\'d", "a\tb\\c'd"],
    ['String', '[not an array]', '[not an array]'],
    ['UInt64', '18446744073709551615', '18446744073709551615'],
    ['Array(String)', "['a','it\\'s','b, [c]']", ['a', "it's", 'b, [c]']],
    ['Array(String)', '[]', []],
    ['Array(UInt8)', '[1, 2]', [1, 2]],
    ['Array(Array(String))', "[['a'],[]]", [['a'], []]],
  ])('of the type %s: %s', (type, text, value) => {
    expect(bind(type, text)).toEqual(value);
  });
});
