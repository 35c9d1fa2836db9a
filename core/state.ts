/**
 * Small durable state of one role: a key-value map in its own name space.
 * Embedded it is lmdb in the data directory. Keys and values are strings; values are JSON of the owner's making.
 */
export interface State {
  get(key: string): string | undefined;
  /** Visible to `get` at once; resolves when durable. The writes of one call are atomic. */
  put(entries: readonly StateEntry[]): Promise<void>;
  delete(keys: readonly string[]): Promise<void>;
  /** Entries with this prefix in key order. */
  range(prefix: string): Iterable<StateEntry>;
}

export type StateEntry = readonly [key: string, value: string];
