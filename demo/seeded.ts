import { contentHash, keyedUniform } from '../core/keyed-hash.js';

/** Values that depend on a seed and a path alone, in whatever order they are asked for. */
export interface Seeded {
  /** In [0, 1). */
  uniform(...path: readonly (string | number)[]): number;
  /** Whole number in [0, below). */
  integer(below: number, ...path: readonly (string | number)[]): number;
  pick<Item>(items: readonly Item[], ...path: readonly (string | number)[]): Item;
  /** 32 hex digits. */
  hex(...path: readonly (string | number)[]): string;
}

/** @param seed - whatever names the run; the same seed gives the same values for ever */
export function createSeeded(seed: string | number): Seeded {
  const salt = String(seed);
  const uniform: Seeded['uniform'] = (...path) => keyedUniform(salt, path.join('/'));
  const integer: Seeded['integer'] = (below, ...path) => Math.floor(uniform(...path) * below);
  return {
    uniform,
    integer,
    pick: (items, ...path) => {
      const item = items[integer(items.length, ...path)];
      if (item === undefined) throw new RangeError('expected a list with items to pick from, got an empty one');
      return item;
    },
    hex: (...path) => contentHash(salt, path.join('/')),
  };
}

/**
 * The `index`-th number of a fixed shuffle of [0, size): no two indexes below `size` give the same.
 * @param step - odd and coprime to `size`
 */
export function shuffled(index: number, size: number, step: number): number {
  return (index * step + 11) % size;
}
