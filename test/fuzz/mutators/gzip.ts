import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import type { Mutators } from './mutator.js';

const HEAD_BYTES = 10;
const TAIL_BYTES = 8;
let bomb: Buffer | undefined;
/** 64 MiB in as many KiB. */
const bombMember = (): Buffer => (bomb ??= gzipSync(Buffer.alloc(64 * 1024 * 1024)));

/** Ways to wrap a body that says it is gzip. */
export const GZIP_MUTATORS: Mutators = {
  'gzip:crc': (bytes, { prng }) => flipped(gzipSync(bytes), -TAIL_BYTES + prng.int(4)),
  'gzip:size': (bytes, { prng }) => flipped(gzipSync(bytes), -TAIL_BYTES / 2 + prng.int(4)),
  'gzip:cut': (bytes, { prng }) => {
    const whole = gzipSync(bytes);
    return whole.subarray(0, prng.int(whole.length));
  },
  'gzip:garbage': (bytes, { prng }) => Buffer.concat([gzipSync(bytes), prng.bytes(1 + prng.int(64))]),
  'gzip:zeros': (bytes, { prng }) => Buffer.concat([gzipSync(bytes), Buffer.alloc(1 + prng.int(2_000))]),
  'gzip:members': (bytes, { prng }) => {
    const at = prng.int(bytes.length + 1);
    return Buffer.concat([gzipSync(bytes.subarray(0, at)), gzipSync(Buffer.alloc(0)), gzipSync(bytes.subarray(at))]);
  },
  'gzip:many-members': (bytes) => {
    const empty = gzipSync(Buffer.alloc(0));
    return Buffer.concat([...new Array<Buffer>(5_000).fill(empty), gzipSync(bytes)]);
  },
  'gzip:bomb': (bytes, { prng }) => {
    const bombs = new Array<Buffer>(1 + prng.int(8)).fill(bombMember());
    return prng.chance(0.5) ? Buffer.concat(bombs) : Buffer.concat([gzipSync(bytes), ...bombs]);
  },
  'gzip:bomb-cut': (_, { prng }) => bombMember().subarray(0, 1_000 + prng.int(20_000)),
  'gzip:head': (bytes, { prng }) => flipped(gzipSync(bytes), prng.int(HEAD_BYTES)),
  'gzip:flags': (bytes, { prng }) => {
    const whole = Buffer.from(gzipSync(bytes));
    // A name, a comment, extra bytes, a sum of the head: each is then to follow.
    whole[3] = prng.pick([2, 4, 8, 16, 28, 0xe0]);
    return prng.chance(0.5)
      ? whole
      : Buffer.concat([whole.subarray(0, HEAD_BYTES), Buffer.from('n\0'), whole.subarray(HEAD_BYTES)]);
  },
  'gzip:twice': (bytes) => gzipSync(gzipSync(bytes)),
  'gzip:deflate': (bytes, { prng }) => (prng.chance(0.5) ? deflateSync(bytes) : deflateRawSync(bytes)),
  'gzip:plain': (bytes) => bytes,
  'gzip:empty': () => Buffer.alloc(0),
  'gzip:inside': (bytes, { prng }) => {
    const whole = gzipSync(bytes);
    return flipped(whole, HEAD_BYTES + prng.int(Math.max(1, whole.length - HEAD_BYTES - TAIL_BYTES)));
  },
};

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  const index = at < 0 ? copy.length + at : at;
  copy[index] = (copy[index] ?? 0) ^ 0x55;
  return copy;
}
