/** Seeded randomness of one input. */
export interface Prng {
  /** Whole number in [0, 2^32). */
  uint32(): number;
  /** Whole number in [0, below). */
  int(below: number): number;
  /** True this often. @param ratio - in [0, 1] */
  chance(ratio: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  bytes(length: number): Buffer;
}

/** Mulberry32: 32 bits of state, which is as many as there are seeds. */
export function createPrng(seed: number): Prng {
  let state = seed >>> 0;
  const uint32 = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = state;
    bits = Math.imul(bits ^ (bits >>> 15), bits | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return (bits ^ (bits >>> 14)) >>> 0;
  };
  const int = (below: number): number => Math.floor((uint32() / 2 ** 32) * below);
  return {
    uint32,
    int,
    chance: (ratio) => uint32() / 2 ** 32 < ratio,
    pick(items) {
      if (items.length === 0) throw new RangeError('expected something to pick from, got an empty list');
      return items[int(items.length)]!;
    },
    bytes: (length) => Buffer.from(Array.from({ length }, () => uint32() & 0xff)),
  };
}

/** One seed of two numbers: that of a run, and of an input in it. */
export function mixSeeds(first: number, second: number): number {
  const bits = Math.imul(first ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(second + 0x7f4a7c15, 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
