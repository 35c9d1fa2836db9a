import { Exception } from './exception.js';

/** What a test can have go wrong with an insert. */
export const FAULTS = ['drop-answer', 'slow-answer', 'too-many-parts'] as const;
export type Fault = (typeof FAULTS)[number];

/** Faults that are still to happen, each to the next so many inserts of rows. */
export class Faults {
  readonly #left = new Map<Fault, number>();

  /** @param inserts - how many from now on; 0 ends it */
  arm(fault: Fault, inserts: number): void {
    this.#left.set(fault, inserts);
  }

  /** True when this insert is one that it happens to. */
  takes(fault: Fault): boolean {
    const left = this.#left.get(fault) ?? 0;
    if (left > 0) this.#left.set(fault, left - 1);
    return left > 0;
  }

  /** @throws {Exception} TOO_MANY_PARTS, before anything is written */
  refuseParts(): void {
    if (this.takes('too-many-parts'))
      throw new Exception(
        252,
        'TOO_MANY_PARTS',
        'Too many parts (3000). Merges are processing significantly slower than inserts',
      );
  }
}
