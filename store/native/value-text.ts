import { attributeText } from '../../core/attribute-text.js';
import { decodeAnyValue } from '../../core/otlp/decode-attributes.js';
import type { WireReader } from '../../core/otlp/wire-reader.js';
import type { ByteColumn } from './byte-column.js';

const VALUE = { string: 1, bool: 2, int: 3, double: 4, array: 5, map: 6, bytes: 7 } as const;

/**
 * Writes the text of the `AnyValue` that the reader is at, as `attributeText` has it, and consumes it. It must have been
 * checked. Text is copied; only lists and maps become objects on the way.
 */
export function writeAnyValue(reader: WireReader, into: ByteColumn): void {
  const at = reader.position;
  const outer = reader.enter();
  // The last one counts, as protobuf has it.
  let field = 0;
  let valueAt = reader.position;
  while (reader.next()) {
    if (reader.field <= VALUE.bytes) {
      field = reader.field;
      valueAt = reader.position;
    }
    reader.skip();
  }
  const after = reader.position;
  reader.position = field === VALUE.array || field === VALUE.map ? at : valueAt;
  if (field === VALUE.array || field === VALUE.map) {
    reader.end = outer;
    into.text(attributeText(decodeAnyValue(reader)));
    reader.end = after;
  } else writeScalar(reader, field, into);
  reader.position = after;
  reader.leave(outer);
}

function writeScalar(reader: WireReader, field: number, into: ByteColumn): void {
  switch (field) {
    case VALUE.string: {
      const size = reader.length();
      into.slice(reader.bytes, reader.position, reader.position + size);
      break;
    }
    case VALUE.bool:
      into.text(reader.bool() ? 'true' : 'false');
      break;
    case VALUE.int: {
      const value = reader.int64();
      if (reader.high === 0) into.uint32(reader.low);
      else into.text(String(value));
      break;
    }
    case VALUE.double:
      into.text(String(reader.double()));
      break;
    case VALUE.bytes: {
      const size = reader.length();
      into.text(reader.bytes.toString('base64', reader.position, reader.position + size));
      break;
    }
    default:
      into.empty();
  }
}
