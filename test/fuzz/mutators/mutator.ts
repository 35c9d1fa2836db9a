import type { Prng } from '../prng.js';

/** What a mutator may use beside the bytes. */
export interface MutatorDeps {
  readonly prng: Prng;
  /** Bytes of another seed in the same encoding. */
  readonly other: () => Buffer;
}

/** One way to spoil bytes. It never changes those that it is given. */
export type Mutate = (bytes: Buffer, deps: MutatorDeps) => Buffer;

/** Mutators by name. */
export type Mutators = Readonly<Record<string, Mutate>>;

/** Copies that many are of something, and that do not take long to make: of a large one few. */
export function manyOf(sizeBytes: number): number {
  return Math.min(2_000, Math.ceil(4_000_000 / Math.max(1, sizeBytes)));
}
