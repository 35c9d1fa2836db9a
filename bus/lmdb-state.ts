import { join } from 'node:path';
import type { Database } from 'lmdb';
import type { Clock } from '../core/clock.js';
import type { Component } from '../core/component.js';
import { PipelineError } from '../core/errors.js';
import type { State } from '../core/state.js';
import { openEnvironment, type Environment } from './environment.js';
import { scrubFreePages } from './scrub.js';

/** Where the state lies, and whose it is. */
export interface StateOptions {
  /** Made when it is not there. Several states, threads and processes may share one. */
  readonly directory: string;
  /** Name space: states of different names see nothing of each other. */
  readonly name: string;
}

/** State whose file can be rid of what was deleted from it. */
export interface ScrubbableState extends State, Component {
  /** Overwrites, in the file, what this and all other states in it have deleted or replaced so far. */
  scrub(clock: Clock): Promise<void>;
}

/** Durable state in the data directory. What `put` was given is seen by this instance at once, by others once durable. */
export function createLmdbState(options: StateOptions): ScrubbableState {
  return new LmdbState(options);
}

/** A key of lmdb is at most 1978 bytes, name space included. */
const MAX_KEY_BYTES = 1978;
/** Entries read from disk in one go while a range is walked. */
const CHUNK = 256;

interface OpenState {
  readonly environment: Environment;
  readonly table: Database<Buffer, Buffer>;
}

/** A write that is not on disk yet; `value` is undefined when it deletes. */
interface Change {
  readonly key: string;
  readonly value: string | undefined;
}

interface Entry {
  readonly bytes: Buffer;
  readonly change: Change;
}

class LmdbState implements ScrubbableState {
  readonly #options: StateOptions;
  readonly #space: Buffer;
  readonly #unflushed = new Map<string, Change>();
  #opened: OpenState | undefined;

  constructor(options: StateOptions) {
    this.#options = options;
    this.#space = Buffer.from(`${options.name}\0`);
  }

  async start(): Promise<void> {
    if (this.#opened !== undefined) return;
    const environment = openEnvironment(join(this.#options.directory, 'state.mdb'));
    const table = environment.root.openDB<Buffer, Buffer>('state', { encoding: 'binary', keyEncoding: 'binary' });
    this.#opened = { environment, table };
  }

  async stop(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.environment.close();
  }

  get(key: string): string | undefined {
    const { table } = this.#source();
    const change = this.#unflushed.get(key);
    if (change !== undefined) return change.value;
    table.resetReadTxn();
    return table.getBinary(this.#bytesOf(key))?.toString();
  }

  async put(entries: readonly (readonly [key: string, value: string])[]): Promise<void> {
    await this.#write(entries.map(([key, value]) => ({ key, value })));
  }

  async delete(keys: readonly string[]): Promise<void> {
    await this.#write(keys.map((key) => ({ key, value: undefined })));
  }

  async scrub(clock: Clock): Promise<void> {
    const { environment } = this.#source();
    await scrubFreePages(environment, clock);
    // A page that is written anew loses what lies between its entries: what was moved or replaced there.
    for (let from: Buffer | undefined = this.#space; from !== undefined;) from = await this.#rewrite(from);
    await scrubFreePages(environment, clock);
  }

  /** @returns where the next chunk begins; undefined when there is none */
  async #rewrite(start: Buffer): Promise<Buffer | undefined> {
    const { environment, table } = this.#source();
    const end = Buffer.concat([this.#space, Buffer.from([0xff])]);
    return environment.write({
      apply() {
        const entries = Array.from(table.getRange({ start, end, limit: CHUNK }), ({ key, value }) => ({
          key: Buffer.from(key),
          value: Buffer.from(value),
        }));
        for (const { key, value } of entries) table.putSync(key, value);
        const last = entries[CHUNK - 1];
        return last === undefined ? undefined : Buffer.concat([last.key, Buffer.from([0])]);
      },
    });
  }

  /** Walks chunk by chunk, so that no snapshot is held: what is written meanwhile behind the walk may be seen or not. */
  *range(prefix: string): Generator<readonly [key: string, value: string]> {
    const end = Buffer.concat([this.#bytesOf(prefix), Buffer.from([0xff])]);
    let from = this.#bytesOf(prefix);
    for (;;) {
      const onDisk = this.#read(from, end);
      const full = onDisk.length === CHUNK;
      const to = full ? onDisk[CHUNK - 1]!.bytes : end;
      const changes = this.#unflushedIn(prefix, { from, to });
      for (const { change } of merge(onDisk, changes)) {
        if (change.value !== undefined) yield [change.key, change.value];
      }
      if (!full) return;
      from = Buffer.concat([to, Buffer.from([0])]);
    }
  }

  #read(start: Buffer, end: Buffer): readonly Entry[] {
    const { table } = this.#source();
    table.resetReadTxn();
    return Array.from(table.getRange({ start, end, limit: CHUNK }), ({ key, value }) => ({
      bytes: Buffer.from(key),
      change: { key: key.toString('utf8', this.#space.length), value: value.toString() },
    }));
  }

  #unflushedIn(prefix: string, { from, to }: { readonly from: Buffer; readonly to: Buffer }): readonly Entry[] {
    const entries: Entry[] = [];
    for (const change of this.#unflushed.values()) {
      if (!change.key.startsWith(prefix)) continue;
      const bytes = this.#bytesOf(change.key);
      if (bytes.compare(from) >= 0 && bytes.compare(to) <= 0) entries.push({ bytes, change });
    }
    return entries;
  }

  async #write(changes: readonly Change[]): Promise<void> {
    const { environment, table } = this.#source();
    const encoded = changes.map(({ key, value }) => ({
      key: this.#bytesOf(key),
      value: value === undefined ? undefined : Buffer.from(value),
    }));
    for (const change of changes) this.#unflushed.set(change.key, change);
    try {
      await environment.write({
        bytes: () => encoded.reduce((sum, { key, value }) => sum + key.length + 2 * (value?.length ?? 0), 0),
        apply() {
          for (const { key, value } of encoded) {
            if (value === undefined) removeZeroed(table, key);
            else table.putSync(key, value);
          }
        },
      });
    } finally {
      for (const change of changes) {
        if (this.#unflushed.get(change.key) === change) this.#unflushed.delete(change.key);
      }
    }
  }

  /** Keys on disk are `name NUL key` in UTF-8. */
  #bytesOf(key: string): Buffer {
    const bytes = Buffer.concat([this.#space, Buffer.from(key)]);
    if (bytes.length <= MAX_KEY_BYTES) return bytes;
    throw new RangeError(
      `expected a state key of at most ${MAX_KEY_BYTES} bytes with its name space, got ${bytes.length}`,
    );
  }

  #source(): OpenState {
    if (this.#opened !== undefined) return this.#opened;
    throw new PipelineError(
      'BUS_CLOSED',
      `expected the state ${this.#options.name} in ${this.#options.directory} to be open, but it is not started or was stopped`,
    );
  }
}

/** In place first, so that the page's unused part does not keep what the removal leaves there. */
function removeZeroed(table: Database<Buffer, Buffer>, key: Buffer): void {
  const length = table.getBinary(key)?.length;
  if (length === undefined) return;
  table.putSync(key, Buffer.alloc(length));
  table.removeSync(key);
}

/** In key order; where both have a key, the change wins. */
function merge(onDisk: readonly Entry[], changes: readonly Entry[]): readonly Entry[] {
  if (changes.length === 0) return onDisk;
  const byKey = new Map([...onDisk, ...changes].map((entry) => [entry.change.key, entry]));
  return [...byKey.values()].sort((a, b) => a.bytes.compare(b.bytes));
}
