import type { Attributes, AttributeValue } from '../attributes.js';
import { NO_ATTRIBUTES } from '../attributes.js';
import type { WireReader } from './wire-reader.js';

/**
 * The attributes that lie in a message, in whatever order its fields come. The bytes must have been checked.
 *
 * @param reader - at the start of the message, and bounded by its end
 * @param field - number of the message's attributes field
 * @param into - attributes of an earlier part of the same message
 */
export function decodeAttributes(reader: WireReader, field: number, into?: Map<string, AttributeValue>): Attributes {
  let attributes = into;
  while (reader.next()) {
    if (reader.field !== field) {
      reader.skip();
      continue;
    }
    attributes ??= new Map();
    const outer = reader.enter();
    decodeKeyValue(reader, attributes);
    reader.leave(outer);
  }
  return attributes ?? NO_ATTRIBUTES;
}

function decodeKeyValue(reader: WireReader, into: Map<string, AttributeValue>): void {
  let key = '';
  let value: AttributeValue = null;
  while (reader.next()) {
    if (reader.field === 1) key = reader.string();
    else if (reader.field === 2) value = decodeAnyValue(reader);
    else reader.skip();
  }
  into.set(key, value);
}

/** The value that the reader is at, which must have been checked. An empty one is null. */
export function decodeAnyValue(reader: WireReader): AttributeValue {
  let value: AttributeValue = null;
  const outer = reader.enter();
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        value = reader.string();
        break;
      case 2:
        value = reader.bool();
        break;
      case 3:
        value = reader.int64();
        break;
      case 4:
        value = reader.double();
        break;
      case 5:
        value = decodeArray(reader);
        break;
      case 6:
        value = decodeObject(reader);
        break;
      case 7:
        value = decodeBytes(reader);
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return value;
}

function decodeArray(reader: WireReader): readonly AttributeValue[] {
  const values: AttributeValue[] = [];
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) values.push(decodeAnyValue(reader));
    else reader.skip();
  }
  reader.leave(outer);
  return values;
}

function decodeObject(reader: WireReader): { readonly [key: string]: AttributeValue } {
  const outer = reader.enter();
  const entries = decodeAttributes(reader, 1);
  reader.leave(outer);
  // Without a prototype, so that a key such as __proto__ is a key like any other.
  const object = Object.create(null) as Record<string, AttributeValue>;
  for (const [key, value] of entries) object[key] = value;
  return object;
}

function decodeBytes(reader: WireReader): Uint8Array {
  const length = reader.length();
  const start = reader.position;
  reader.position = start + length;
  return Uint8Array.from(reader.bytes.subarray(start, start + length));
}
