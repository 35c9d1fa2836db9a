import type { Prng } from '../prng.js';
import { manyOf, type Mutate, type MutatorDeps, type Mutators } from './mutator.js';
import { KEYS, oddText } from './texts.js';

/** Text that is written as it is. */
class Raw {
  constructor(readonly text: string) {}
}

/** A JSON object whose keys may come twice. */
class Members {
  constructor(readonly pairs: [key: string | Raw, value: Node][]) {}
}

type Node = string | number | boolean | null | Raw | Members | Node[];

interface Spot {
  readonly node: Node;
  readonly key: string;
  replace(node: Node): void;
  readonly owner: Members | Node[] | undefined;
}

function toNode(value: unknown): Node {
  if (Array.isArray(value)) return value.map(toNode);
  if (typeof value !== 'object' || value === null) return value as string | number | boolean | null;
  return new Members(Object.entries(value).map(([key, item]) => [key, toNode(item)]));
}

function write(node: Node): string {
  if (node instanceof Raw) return node.text;
  if (Array.isArray(node)) return `[${node.map(write).join(',')}]`;
  if (!(node instanceof Members)) return JSON.stringify(node);
  const text = (key: string | Raw): string => (typeof key === 'string' ? JSON.stringify(key) : key.text);
  return `{${node.pairs.map(([key, value]) => `${text(key)}:${write(value)}`).join(',')}}`;
}

function spotsOf(node: Node, into: Spot[] = []): Spot[] {
  if (Array.isArray(node)) {
    node.forEach((item, index) => {
      into.push({ node: item, key: '', owner: node, replace: (by) => (node[index] = by) });
      spotsOf(item, into);
    });
  } else if (node instanceof Members) {
    for (const pair of node.pairs) {
      const key = typeof pair[0] === 'string' ? pair[0] : '';
      into.push({ node: pair[1], key, owner: node, replace: (by) => (pair[1] = by) });
      spotsOf(pair[1], into);
    }
  }
  return into;
}

function onTree(mutate: (spot: Spot, deps: MutatorDeps) => void, wants: (spot: Spot) => boolean = () => true): Mutate {
  return (bytes, deps) => {
    try {
      const root = toNode(JSON.parse(bytes.toString()));
      const spots = spotsOf(root).filter(wants);
      if (spots.length > 0) mutate(deps.prng.pick(spots), deps);
      return Buffer.from(write(root));
    } catch {
      // No JSON any more, or too deep for us.
      return Buffer.concat([bytes, Buffer.from(deps.prng.pick(['}', ']', '"', '\\', ',', '\0']))]);
    }
  };
}

const isText = ({ node }: Spot): boolean => typeof node === 'string';
const isInObject = ({ owner }: Spot): boolean => owner instanceof Members;
const isArray = ({ node }: Spot): boolean => Array.isArray(node);
const isObject = ({ node }: Spot): boolean => node instanceof Members;

const NUMBERS = [
  '0',
  '-0',
  '1e3',
  '1.5',
  '-1',
  '1e400',
  '1e-400',
  '01',
  '0x10',
  '+1',
  '1.',
  '.5',
  '1e',
  '--1',
  'NaN',
  'Infinity',
].concat(
  '1544712660000000001',
  '9223372036854775807',
  '9223372036854775808',
  '18446744073709551616',
  '9'.repeat(5_000),
);
const ESCAPES = [
  '"\\ud83d"',
  '"\\ude00\\ud83d"',
  '"\\u0000"',
  '"\\x41"',
  '"\\u12"',
  '"\\',
  '"\\u{1f600}"',
  '"a\tb"',
  '"\x7f"',
];
const DEPTHS = [31, 33, 256, 258, 5_000, 100_000];

/** Mutators that know JSON, and of OTLP the shape of an attribute. */
export const JSON_MUTATORS: Mutators = {
  'json:type': onTree((spot, { prng }) => {
    spot.replace(
      prng.pick<Node>([null, true, 7, -1.5, 'text', '', [], new Members([]), [null], [[]], new Members([['0', 1]])]),
    );
  }),
  'json:number': onTree((spot, { prng }) => {
    const text = prng.pick(NUMBERS);
    spot.replace(prng.chance(0.5) ? new Raw(text) : text);
  }),
  'json:escape': onTree((spot, { prng }) => {
    spot.replace(new Raw(prng.pick(ESCAPES)));
  }, isText),
  'json:text': onTree((spot, { prng }) => {
    spot.replace(oddText(prng));
  }, isText),
  'json:depth': onTree((spot, { prng }) => {
    spot.replace(new Raw(nested(prng)));
  }),
  'json:drop': onTree(({ owner, node }) => {
    if (Array.isArray(owner)) owner.splice(owner.indexOf(node), 1);
    else owner?.pairs.splice(0, 1);
  }),
  'json:duplicate': onTree(({ owner, node, key }, { prng }) => {
    const count = prng.chance(0.05) ? manyOf(write(node).length) : 1 + prng.int(3);
    for (let left = count; left > 0; left--) {
      if (Array.isArray(owner)) owner.push(node);
      else owner?.pairs.push([key, prng.chance(0.7) ? node : oddText(prng)]);
    }
  }),
  'json:key': onTree(({ owner }, { prng }) => {
    const pair = owner instanceof Members && owner.pairs.length > 0 ? prng.pick(owner.pairs) : undefined;
    if (pair === undefined) return;
    const key = typeof pair[0] === 'string' ? pair[0] : '';
    const snake = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const escaped = new Raw(
      `"${Array.from(key, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`,
    );
    pair[0] = prng.pick<string | Raw>([
      snake,
      escaped,
      key.toUpperCase(),
      '__proto__',
      new Raw('"\\ud800"'),
      new Raw('a'),
      prng.pick(KEYS),
    ]);
  }, isInObject),
  'json:member': onTree(({ node }, { prng }) => {
    if (node instanceof Members) node.pairs.unshift([prng.pick(KEYS), oddText(prng)]);
  }, isObject),
  'json:attribute': onTree(
    ({ node }, { prng }) => {
      if (Array.isArray(node))
        node.push(
          new Members([
            ['key', prng.pick(KEYS)],
            ['value', anyValue(prng, 3)],
          ]),
        );
    },
    (spot) => isArray(spot) && spot.key === 'attributes',
  ),
  'json:null': onTree((spot) => {
    spot.replace(null);
  }),
  'json:space': (bytes, { prng }) => {
    const space = prng.pick(['\ufeff', ' '.repeat(5_000), '\n\r\t ', '\v', '\u00a0', '//x\n', '\0']);
    return Buffer.from(prng.chance(0.5) ? space + bytes.toString() : bytes.toString() + space);
  },
  'json:utf16': (bytes) => Buffer.from(bytes.toString(), 'utf16le'),
};

function nested(prng: Prng): string {
  const depth = prng.pick(DEPTHS);
  const closes = prng.chance(0.7) ? depth : prng.int(depth);
  const [open, close] = prng.pick([
    ['[', ']'],
    ['{"a":', '}'],
    ['{"arrayValue":{"values":[', ']}}'],
    ['{"kvlistValue":{"values":[{"key":"k","value":', '}]}}'],
  ] as const);
  return `${open.repeat(depth)}${open.endsWith(':') ? '{}' : ''}${close.repeat(closes)}`;
}

function anyValue(prng: Prng, depth: number): Node {
  const one = (name: string, value: Node): Node => new Members([[name, value]]);
  if (depth > 0 && prng.chance(0.4)) {
    const items = Array.from({ length: prng.int(4) }, () => anyValue(prng, depth - 1));
    return prng.chance(0.5)
      ? one('arrayValue', one('values', items))
      : one(
          'kvlistValue',
          one(
            'values',
            items.map(
              (value) =>
                new Members([
                  ['key', prng.pick(KEYS)],
                  ['value', value],
                ]),
            ),
          ),
        );
  }
  return prng.pick<() => Node>([
    () => one('stringValue', oddText(prng)),
    () => one('intValue', new Raw(prng.pick(NUMBERS))),
    () => one('intValue', prng.pick(NUMBERS)),
    () => one('doubleValue', prng.pick(['NaN', '-Infinity', 1e308, '1e999'])),
    () => one('bytesValue', prng.pick(['AAEC', '????', 'A', '-_-_', '='])),
    () => one('boolValue', prng.pick([true, 'true', 1])),
    () =>
      new Members([
        ['stringValue', 'a'],
        ['intValue', 2],
      ]),
    () => new Members([]),
    () => null,
  ])();
}
