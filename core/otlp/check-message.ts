import { malformed, MAX_NESTING } from './malformed.js';
import type { Message } from './schema.js';
import { WIRE, type WireReader } from './wire-reader.js';

/**
 * Consumes the field that the reader is at, and checks it down to the last byte: wire types, lengths, depth. What passed
 * can be read later, lazily, without an error. Runs for every field of every span, and allocates nothing.
 */
export function checkField(reader: WireReader, message: Message, depth = 0): void {
  const field = message.fields[reader.field];
  if (field === undefined) {
    reader.skip();
    return;
  }
  if (field.message !== undefined) {
    checkMessage(reader, field.message, field.nests ? depth + 1 : depth);
    return;
  }
  reader.expect(field.wireType);
  reader.skip();
}

/**
 * Consumes and checks the embedded message that the reader is at.
 * @returns where its first field starts; it ends where the reader is then
 */
export function checkMessage(reader: WireReader, message: Message, depth = 0): number {
  reader.expect(WIRE.bytes);
  if (depth > MAX_NESTING) {
    throw malformed(`expected at most ${MAX_NESTING} nested values, got more`, `byte ${reader.position}`);
  }
  const outer = reader.enter();
  const start = reader.position;
  while (reader.next()) checkField(reader, message, depth);
  reader.leave(outer);
  return start;
}
