import type { Input } from './input.js';

/** Something that should not be. */
export interface Failure {
  /** Of the input, when it is known. */
  readonly number?: number;
  readonly message: string;
  readonly input?: Input;
  /** As little of the input's body, or of the record on the bus, as fails the same. */
  readonly smallest?: Buffer;
}
