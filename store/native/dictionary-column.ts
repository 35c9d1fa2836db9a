import { isUtf8 } from 'node:buffer';
import { randomInt } from 'node:crypto';
import { ByteColumn } from './byte-column.js';
import { grown } from './wide-column.js';

/** Of a `LowCardinality` column in Native: the block brings its own keys, and they are all of them. */
const OWN_KEYS = 0x600;
const FIRST_SLOTS = 1_024;
/** So that nobody can send keys that all fall into one slot. It changes no output. */
const HASH_SEED = randomInt(2 ** 32);

/**
 * A column of `LowCardinality(String)`: each distinct value once, in `keys`, and a row's index among them. The empty text is
 * always the first, and `fixed` follow it.
 *
 * Runs for the key of every attribute, and allocates nothing for a key that it has seen.
 */
export class DictionaryColumn {
  readonly #keys = new ByteColumn();
  /** By key: where its text starts in `#keys`, and where it ends. */
  #bounds = new Uint32Array(256);
  #hashes = new Uint32Array(128);
  /** Open addressing: index of a key plus one, or 0. */
  #slots = new Uint32Array(FIRST_SLOTS);
  #count = 0;
  #indexes = new Uint32Array(1_024);
  #rows = 0;
  readonly #fixed: readonly Buffer[];

  constructor(fixed: readonly string[] = []) {
    this.#fixed = ['', ...fixed].map((text) => Buffer.from(text));
    this.clear();
  }

  get rows(): number {
    return this.#rows;
  }

  set rows(rows: number) {
    this.#rows = rows;
  }

  /** Keys so far. */
  get count(): number {
    return this.#count;
  }

  /** Of the keys. */
  get bytes(): number {
    return this.#keys.length;
  }

  clear(): void {
    this.#keys.clear();
    this.#count = 0;
    this.#rows = 0;
    if (this.#slots.length > 64 * FIRST_SLOTS) this.#slots = new Uint32Array(FIRST_SLOTS);
    else this.#slots.fill(0);
    for (const text of this.#fixed) this.indexOf(text, 0, text.length);
  }

  push(index: number): void {
    if (this.#rows === this.#indexes.length) this.#indexes = grown(this.#indexes);
    this.#indexes[this.#rows++] = index;
  }

  /** Index of the text that lies there as UTF-8; what is not valid becomes U+FFFD. */
  indexOf(source: Buffer, start: number, end: number): number {
    let hash = HASH_SEED ^ (end - start);
    let bits = 0;
    for (let at = start; at < end; at++) {
      const byte = source[at]!;
      bits |= byte;
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    hash = (hash ^ (hash >>> 15)) >>> 0;
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let found = this.#slots[slot]!; found !== 0; found = this.#slots[slot]!) {
      if (this.#hashes[found - 1] === hash && this.#sizeOf(found - 1) === end - start) {
        if (this.#isAt(found - 1, source, start)) return found - 1;
      }
      slot = (slot + 1) & mask;
    }
    if (bits > 127 && !isUtf8(source.subarray(start, end))) {
      const valid = Buffer.from(source.toString('utf8', start, end));
      return this.indexOf(valid, 0, valid.length);
    }
    const index = this.#add(hash);
    this.#keys.slice(source, start, end);
    this.#bounds[2 * index] = this.#keys.length - (end - start);
    this.#bounds[2 * index + 1] = this.#keys.length;
    return index;
  }

  /** What the column is in Native, but for its version. A column without rows is nothing at all. */
  views(): Uint8Array[] {
    if (this.#rows === 0) return [];
    const width = this.#count <= 0x100 ? 1 : this.#count <= 0x10000 ? 2 : 4;
    const indexes = this.#indexes.subarray(0, this.#rows);
    const [kind, narrow] =
      width === 1 ? [0, Uint8Array.from(indexes)] : width === 2 ? [1, Uint16Array.from(indexes)] : [2, indexes];
    return [
      counts(OWN_KEYS | kind, this.#count),
      this.#keys.view(),
      counts(this.#rows),
      new Uint8Array(narrow.buffer, narrow.byteOffset, narrow.byteLength),
    ];
  }

  #sizeOf(index: number): number {
    return this.#bounds[2 * index + 1]! - this.#bounds[2 * index]!;
  }

  /** Whether the bytes there are those of the key. */
  #isAt(index: number, source: Buffer, start: number): boolean {
    const { buffer } = this.#keys;
    const end = this.#bounds[2 * index + 1]!;
    for (let key = this.#bounds[2 * index]!, at = start; key < end; key++, at++)
      if (source[at] !== buffer[key]) return false;
    return true;
  }

  #add(hash: number): number {
    const index = this.#count++;
    if (index === this.#hashes.length) {
      this.#hashes = grown(this.#hashes);
      this.#bounds = grown(this.#bounds);
    }
    this.#hashes[index] = hash;
    if (2 * this.#count > this.#slots.length) this.#rehash();
    else this.#place(index, hash);
    return index;
  }

  #rehash(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let index = 0; index < this.#count; index++) this.#place(index, this.#hashes[index]!);
  }

  #place(index: number, hash: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = index + 1;
  }
}

function counts(...values: readonly number[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values, BigInt).buffer);
}
