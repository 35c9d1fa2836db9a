/** A seeded source of randomness: sfc32, 128 bits of state. Not for secrets. */
export interface Prng {
  /** Uniform in [0, 2^32). */
  uint32(): number;
  /** Uniform in [0, 1), 32 bits. */
  uniform(): number;
}

/** @param seeds - any numbers; another list gives another, unrelated stream */
export function createPrng(...seeds: readonly number[]): Prng {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = 0xb7e15162;
  let counter = 1;
  const uint32 = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (const seed of seeds) {
    a ^= seed | 0;
    b ^= Math.floor(seed / 2 ** 32) | 0;
    for (let round = 0; round < 16; round += 1) uint32();
  }
  return { uint32, uniform: () => uint32() / 2 ** 32 };
}

const HEX_OF_16_BITS = Array.from({ length: 65_536 }, (_, bits) => bits.toString(16).padStart(4, '0'));

/** A random W3C trace id: 16 bytes, 32 lower-case hex digits. */
export function randomTraceId(prng: Prng): string {
  let id = '';
  for (let word = 0; word < 4; word += 1) {
    const bits = prng.uint32();
    id += HEX_OF_16_BITS[bits >>> 16]! + HEX_OF_16_BITS[bits & 0xffff]!;
  }
  return id;
}
