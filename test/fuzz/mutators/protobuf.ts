import type { Prng } from '../prng.js';
import { manyOf, type Mutate, type MutatorDeps, type Mutators } from './mutator.js';
import { KEYS, oddBytes } from './texts.js';
import { parseFields, spotsOf, varint, writeField, writeFields, type Field, type Spot } from './wire-tree.js';

const BYTES = 2;
const MAX_FIELD = 2 ** 29 - 1;
const NUMBERS = [0n, 1n, 127n, 128n, 99n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];
/** Bits of doubles: NaN, an infinity, the least, minus nothing. */
const DOUBLES = [0x7ff8000000000000n, 0x7ff0000000000000n, 0xfff0000000000000n, 1n, 0x8000000000000000n];

type MutateTree = (spot: Spot, deps: MutatorDeps, root: Field[]) => void;

/** Reads the bytes as a tree, and spoils it in one place; bytes that are no tree get a field more. */
function onTree(mutate: MutateTree, wants: (spot: Spot) => boolean = () => true): Mutate {
  return (bytes, deps) => {
    const fields = parseFields(bytes);
    if (fields === undefined) return Buffer.concat([bytes, varint((BigInt(deps.prng.int(20)) << 3n) | 2n), varint(3)]);
    const spots = spotsOf(fields).filter(wants);
    if (spots.length > 0) mutate(deps.prng.pick(spots), deps, fields);
    return writeFields(fields);
  };
}

const isMessage = ({ field }: Spot): boolean => Array.isArray(field.value);
const isLeaf = ({ field }: Spot): boolean => Buffer.isBuffer(field.value);
const isNumber = ({ field }: Spot): boolean => typeof field.value === 'bigint';
const isId = ({ field }: Spot): boolean => Buffer.isBuffer(field.value) && [8, 16].includes(field.value.length);

/** Mutators that know protobuf, and nothing of OTLP but the numbers of attribute values. */
export const PROTOBUF_MUTATORS: Mutators = {
  'proto:drop': onTree(({ among, index }) => void among.splice(index, 1)),
  'proto:duplicate': onTree(({ among, index, field }, { prng }) => {
    const copies = prng.chance(0.05) ? manyOf(writeField(field).length) : 1 + prng.int(3);
    among.splice(index, 0, ...Array.from({ length: copies }, () => field));
  }),
  'proto:reorder': onTree(({ among }, { prng }) => void among.sort(() => (prng.chance(0.5) ? 1 : -1))),
  'proto:reverse': onTree((_, __, root) => {
    reverse(root);
  }),
  'proto:wire-type': onTree(({ field }, { prng }) => {
    field.raw = writeField({ ...field, wireType: prng.int(8) });
  }),
  'proto:field-number': onTree(({ field }, { prng }) => {
    const number = prng.pick([0, 1 + prng.int(20), 1 + prng.int(20), 4, 12, 999, MAX_FIELD, MAX_FIELD + 1]);
    field.raw = writeField({ ...field, number });
  }),
  'proto:overlong': onTree(({ field }, { prng }) => {
    field.raw = overlong(field, prng);
  }),
  'proto:length': onTree(
    ({ field }, { prng }) => {
      field.raw = wrongLength(field, prng);
    },
    (spot) => !isNumber(spot),
  ),
  'proto:id': onTree(({ field }, { prng }) => {
    const size = prng.pick([0, 1, 7, 8, 9, 15, 16, 17, 32, 5_000]);
    field.value = prng.chance(0.3) ? Buffer.alloc(size) : prng.bytes(size);
  }, isId),
  'proto:number': onTree(({ field }, { prng }) => {
    field.value = prng.pick(field.wireType === 1 ? [...NUMBERS, ...DOUBLES] : NUMBERS);
  }, isNumber),
  'proto:text': onTree(({ field }, { prng }) => {
    field.value = oddBytes(prng);
  }, isLeaf),
  'proto:key': onTree(({ field }, { prng }) => {
    field.value = Buffer.from(prng.pick(KEYS));
  }, isLeaf),
  'proto:attribute': onTree(
    ({ field, among }, { prng }) => {
      among.push({ number: field.number, wireType: BYTES, value: attribute(prng) });
    },
    ({ field }) => isKeyValue(field),
  ),
  'proto:value': onTree(
    ({ field }, { prng }) => {
      (field.value as Field[])[1] = { number: 2, wireType: BYTES, value: anyValue(prng, 3) };
    },
    ({ field }) => isKeyValue(field),
  ),
  'proto:depth': onTree(({ field }, { prng }) => {
    field.value = prng.chance(0.5) ? nestedLists(prng) : nestedGroups(prng);
  }, isMessage),
  'proto:unknown': onTree(({ among, index }, { prng }) => {
    const number = prng.pick([17, 100, 900, MAX_FIELD]);
    among.splice(index, 0, { number, wireType: BYTES, value: oddBytes(prng) });
  }),
  'proto:graft': onTree(({ field }, { prng, other }) => {
    const spots = spotsOf(parseFields(other()) ?? []).filter(isMessage);
    if (spots.length > 0) field.value = prng.pick(spots).field.value;
  }, isMessage),
  'proto:hoist': onTree(({ among, index, field }) => {
    if (Array.isArray(field.value)) among.splice(index, 1, ...field.value);
  }, isMessage),
  'proto:two-values': onTree(({ field }, { prng }) => {
    (field.value as Field[]).push(...anyValue(prng, 1), ...anyValue(prng, 1));
  }, isMessage),
};

function reverse(fields: Field[]): void {
  fields.reverse();
  for (const { value } of fields) if (Array.isArray(value)) reverse(value);
}

function overlong({ number, wireType, value }: Field, prng: Prng): Buffer {
  const size = prng.pick([2, 5, 9, 10, 11]);
  const tag = (BigInt(number) << 3n) | BigInt(wireType);
  if (typeof value === 'bigint') {
    return prng.chance(0.5) || wireType !== 0
      ? Buffer.concat([varint(tag, size), writeField({ number, wireType, value }).subarray(varint(tag).length)])
      : Buffer.concat([varint(tag), varint(value, size)]);
  }
  const bytes = Buffer.isBuffer(value) ? value : writeFields(value);
  return Buffer.concat([varint(tag), varint(bytes.length, size), bytes]);
}

function wrongLength({ number, value }: Field, prng: Prng): Buffer {
  const bytes = Buffer.isBuffer(value) ? value : writeFields(value as Field[]);
  const length = prng.pick([
    bytes.length + 1,
    Math.max(0, bytes.length - 1),
    0,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53,
  ]);
  return Buffer.concat([varint((BigInt(number) << 3n) | 2n), varint(length), bytes]);
}

/** A key of text and a value that is a message. */
function isKeyValue({ value }: Field): boolean {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [key, text] = value;
  return key?.number === 1 && Buffer.isBuffer(key.value) && text?.number === 2 && Array.isArray(text.value);
}

function attribute(prng: Prng): Field[] {
  return [
    { number: 1, wireType: BYTES, value: Buffer.from(prng.pick(KEYS)) },
    { number: 2, wireType: BYTES, value: anyValue(prng, 3) },
  ];
}

/** Fields of an `AnyValue`. */
function anyValue(prng: Prng, depth: number): Field[] {
  const field = (number: number, wireType: number, value: Field['value']): Field[] => [{ number, wireType, value }];
  const kinds: readonly (() => Field[])[] = [
    () => field(1, BYTES, oddBytes(prng)),
    () => field(2, 0, prng.pick(NUMBERS)),
    () => field(3, 0, prng.pick(NUMBERS)),
    () => field(4, 1, prng.pick(DOUBLES)),
    () => field(7, BYTES, prng.bytes(prng.int(40))),
    () => field(8, 0, 5n),
    () => [],
  ];
  if (depth === 0 || prng.chance(0.6)) return prng.pick(kinds)();
  const count = prng.int(4);
  return prng.chance(0.5)
    ? field(5, BYTES, Array.from({ length: count }, () => field(1, BYTES, anyValue(prng, depth - 1))).flat())
    : field(6, BYTES, Array.from({ length: count }, () => field(1, BYTES, attribute(prng))).flat());
}

/** An attribute whose value has lists inside one another, legal up to 32. */
function nestedLists(prng: Prng): Field[] {
  const isMap = prng.chance(0.5);
  let value: Buffer = writeField({ number: 1, wireType: BYTES, value: Buffer.from('the deepest') });
  const wrap = (number: number): void => {
    value = writeField({ number, wireType: BYTES, value });
  };
  for (let left = prng.pick([31, 32, 33, 100, 3_000]); left > 0; left--) {
    if (isMap) wrap(2);
    wrap(1);
    wrap(isMap ? 6 : 5);
  }
  const key = { number: 1, wireType: BYTES, value: Buffer.from('deep') };
  return [key, { number: 2, wireType: BYTES, value }];
}

/** Groups, which only an unknown field may be. */
function nestedGroups(prng: Prng): Field[] {
  const depth = prng.pick([1, 31, 33, 20_000]);
  const ends = prng.chance(0.7) ? depth : depth - 1;
  const [start, end] = [varint((900n << 3n) | 3n), varint((900n << 3n) | 4n)];
  const raw = Buffer.concat([...new Array<Buffer>(depth).fill(start), ...new Array<Buffer>(ends).fill(end)]);
  return [{ number: 900, wireType: 3, value: Buffer.alloc(0), raw }];
}
