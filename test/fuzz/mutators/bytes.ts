import type { Prng } from '../prng.js';
import type { Mutators } from './mutator.js';

/** Bytes that often stand for something: an end, a sign, a length of one more byte, a field and its type. */
const TELLING = [0x00, 0x01, 0x07, 0x08, 0x0a, 0x0b, 0x0c, 0x12, 0x22, 0x5c, 0x7f, 0x80, 0xc0, 0xed, 0xfe, 0xff];

/** Mutators that know nothing of what the bytes mean. */
export const BYTE_MUTATORS: Mutators = {
  'bytes:flip': (bytes, { prng }) => {
    const copy = Buffer.from(bytes);
    for (let left = 1 + prng.int(4); left > 0 && copy.length > 0; left--)
      copy[prng.int(copy.length)]! ^= 1 << prng.int(8);
    return copy;
  },
  'bytes:set': (bytes, { prng }) => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[prng.int(copy.length)] = prng.pick(TELLING);
    return copy;
  },
  'bytes:insert': (bytes, { prng }) => {
    const more = prng.chance(0.5) ? prng.bytes(1 + prng.int(16)) : Buffer.alloc(1 + prng.int(300), prng.pick(TELLING));
    return splice(bytes, { at: prng.int(bytes.length + 1), removes: 0, more });
  },
  'bytes:delete': (bytes, { prng }) => {
    const [at, size] = range(bytes, prng);
    return splice(bytes, { at, removes: size });
  },
  'bytes:duplicate': (bytes, { prng }) => {
    const [at, size] = range(bytes, prng);
    return splice(bytes, { at, removes: 0, more: bytes.subarray(at, at + size) });
  },
  'bytes:cut': (bytes, { prng }) => bytes.subarray(0, prng.int(bytes.length + 1)),
  'bytes:splice': (bytes, { prng, other }) => {
    const second = other();
    return Buffer.concat([bytes.subarray(0, prng.int(bytes.length + 1)), second.subarray(prng.int(second.length + 1))]);
  },
  'bytes:append': (bytes, { prng, other }) =>
    prng.chance(0.5) ? Buffer.concat([bytes, other()]) : Buffer.concat([bytes, bytes]),
  'bytes:length': (bytes, { prng }) => {
    // A byte that is followed by as many others may well be a length.
    const copy = Buffer.from(bytes);
    for (let tries = 0; tries < 20 && copy.length > 0; tries++) {
      const at = prng.int(copy.length);
      const value = copy[at]!;
      if (value < 2 || at + value > copy.length) continue;
      copy[at] = prng.pick([value - 1, value + 1, 0, 0x7f, 0x80, 0xff]);
      break;
    }
    return copy;
  },
};

interface Splice {
  readonly at: number;
  readonly removes: number;
  readonly more?: Buffer;
}

function splice(bytes: Buffer, { at, removes, more = Buffer.alloc(0) }: Splice): Buffer {
  return Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at + removes)]);
}

function range(bytes: Buffer, prng: Prng): readonly [at: number, size: number] {
  const at = prng.int(bytes.length + 1);
  return [at, Math.min(bytes.length - at, 1 + prng.int(64))];
}
