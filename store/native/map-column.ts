import type { Attributes } from '../../core/attributes.js';
import type { WireReader } from '../../core/otlp/wire-reader.js';
import { attributeTexts } from '../attribute-text.js';
import { ByteColumn } from './byte-column.js';
import { DictionaryColumn } from './dictionary-column.js';
import { writeAnyValue } from './value-text.js';
import { grown, WideColumn } from './wide-column.js';

const [DIGIT_0, DIGIT_9] = [48, 57];

/** Texts by key as a row holds them, encoded once for many rows. */
export interface EncodedMap {
  readonly keys: readonly Buffer[];
  /** The values, one after the other, as a column of `String` has them. */
  readonly values: Uint8Array;
}

/**
 * A column of `Map(LowCardinality(String), String)`. A map is begun, gets its entries, and is ended.
 *
 * Attributes are copied out of the OTLP bytes. The few maps whose order or number of entries is not that of the bytes, since
 * a key comes twice or looks like an index of an array, are taken back and made of objects.
 */
export class MapColumn {
  readonly ends = new WideColumn();
  readonly keys: DictionaryColumn;
  readonly values = new ByteColumn(65_536);
  /** By key: the number of the last map that had it. */
  #seen = new Uint32Array(128);
  #map = 0;
  #first = { row: 0, valueBytes: 0 };
  #isPlain = true;
  readonly #reserved: number;

  /** @param reserved - keys that only `add` may write: a map of attributes with one of them is made of objects */
  constructor(reserved: readonly string[] = []) {
    this.keys = new DictionaryColumn(reserved);
    this.#reserved = reserved.length;
  }

  get bytes(): number {
    return this.values.length + this.keys.bytes;
  }

  clear(): void {
    this.ends.clear();
    this.keys.clear();
    this.values.clear();
    this.#seen.fill(0);
    this.#map = 0;
  }

  begin(): void {
    this.#map += 1;
    this.#first.row = this.keys.rows;
    this.#first.valueBytes = this.values.length;
    this.#isPlain = true;
  }

  /** Adds the `KeyValue` that the reader is at, which must have been checked. */
  addKeyValue(reader: WireReader): void {
    const outer = reader.enter();
    if (this.#isPlain) this.#readKeyValue(reader);
    reader.leave(outer);
  }

  /** Adds a text of ours. */
  add(key: Buffer, text: string): void {
    if (this.#isPlain && this.#addKey(this.keys.indexOf(key, 0, key.length))) this.values.text(text);
  }

  addEncoded({ values }: EncodedMap, keys: readonly number[]): void {
    for (const key of keys) this.keys.push(key);
    this.values.encoded(values);
    this.ends.push(this.keys.rows);
  }

  /** @param again - reads the same attributes, and ours, as objects; only asked for a map that cannot be copied */
  end(again: () => Record<string, string>): void {
    if (!this.#isPlain) {
      this.keys.rows = this.#first.row;
      this.values.length = this.#first.valueBytes;
      for (const [key, text] of Object.entries(again())) {
        const bytes = Buffer.from(key);
        this.keys.push(this.keys.indexOf(bytes, 0, bytes.length));
        this.values.text(text);
      }
    }
    this.ends.push(this.keys.rows);
  }

  #readKeyValue(reader: WireReader): void {
    const { bytes } = reader;
    let keyStart = 0;
    let keyEnd = 0;
    let valueAt = -1;
    while (reader.next()) {
      if (reader.field === 1) {
        const size = reader.length();
        keyStart = reader.position;
        keyEnd = reader.position += size;
      } else if (reader.field === 2) {
        valueAt = reader.position;
        const size = reader.length();
        reader.position += size;
      } else reader.skip();
    }
    const key = this.keys.indexOf(bytes, keyStart, keyEnd);
    const first = keyStart === keyEnd ? 0 : bytes[keyStart]!;
    // An object has the keys that are indexes of an array before all others. The empty key is the first of all, ours follow.
    if ((first >= DIGIT_0 && first <= DIGIT_9) || (key > 0 && key <= this.#reserved)) this.#isPlain = false;
    if (!this.#isPlain || !this.#addKey(key)) return;
    if (valueAt === -1) this.values.empty();
    else {
      reader.position = valueAt;
      writeAnyValue(reader, this.values);
    }
  }

  /** @returns false when this is no map that can be copied */
  #addKey(key: number): boolean {
    while (key >= this.#seen.length) this.#seen = grown(this.#seen);
    if (this.#seen[key] === this.#map) return (this.#isPlain = false);
    this.#seen[key] = this.#map;
    this.keys.push(key);
    return true;
  }
}

/** What is ours in a map. */
export interface OwnTexts {
  readonly added?: readonly (readonly [string, string])[];
  /** Keys that nobody else's attributes may have. */
  readonly reserved?: readonly string[];
}

/** Attributes as `MapColumn.end` wants them, with what is added to them. */
export function textsWith(
  attributes: Attributes,
  { added = [], reserved = [] }: OwnTexts = {},
): Record<string, string> {
  const texts = attributeTexts(attributes, reserved);
  for (const [key, text] of added) texts[key] = text;
  return texts;
}

/** Encodes texts once for many rows. */
export function encodeMap(texts: Readonly<Record<string, string>>): EncodedMap {
  const values = new ByteColumn(1_024);
  for (const text of Object.values(texts)) values.text(text);
  return { keys: Object.keys(texts).map((key) => Buffer.from(key)), values: Buffer.from(values.view()) };
}
