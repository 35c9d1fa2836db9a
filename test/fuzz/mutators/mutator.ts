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
