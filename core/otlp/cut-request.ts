import { LOGS_ENVELOPE, OTLP, TRACES_ENVELOPE, type Envelope, type Message } from './schema.js';
import { WIRE, WireReader } from './wire-reader.js';
import { WireWriter } from './wire-writer.js';

/** What is shorter is left whole: names, ids and the like are worth more than the room that they take. */
const LEAST_BYTES = 1_024;
/** Longer than what is written behind a text that was cut. */
const MARK_BYTES = 64;

/**
 * Shortens the longest texts of an OTLP request, the values of attributes, bodies, and messages of a status, until it has at most so
 * many bytes. Each ends with its original size: `…[cut by Assay: 9437184 bytes]`. Bytes that are too long leave that alone.
 *
 * @param bytes - a request that was checked at admission
 * @returns undefined when nothing in it can be cut; larger than asked for when that was not enough
 */
export function cutRequest(bytes: Uint8Array, targetBytes: number, signal: Envelope['signal']): Uint8Array | undefined {
  const { request } = signal === 'traces' ? TRACES_ENVELOPE : LOGS_ENVELOPE;
  const lengths: number[] = [];
  measure(new WireReader(bytes), request, lengths);
  const cap = capFor(lengths, bytes.length - targetBytes);
  if (!lengths.some((length) => length > cap + MARK_BYTES)) return undefined;
  const writer = new WireWriter(bytes.length + 16);
  rewrite(new WireReader(bytes), request, { writer, cap });
  return writer.finish();
}

/** The length to which the longest are cut, so that together they lose so many bytes. */
function capFor(lengths: readonly number[], surplusBytes: number): number {
  const longestFirst = lengths.filter((length) => length > LEAST_BYTES).sort((a, b) => b - a);
  let sum = 0;
  for (const [index, length] of longestFirst.entries()) {
    sum += length;
    const cut = index + 1;
    const cap = Math.floor((sum - surplusBytes) / cut) - MARK_BYTES;
    if (cap >= (longestFirst[cut] ?? LEAST_BYTES)) return cap;
  }
  return LEAST_BYTES;
}

/** Whether the field that the reader is at is a text, or bytes, that may be cut. */
function isText(message: Message, { field, wireType }: WireReader): boolean {
  if (wireType !== WIRE.bytes) return false;
  return message === OTLP.anyValue ? field === 1 || field === 7 : message === OTLP.status && field === 2;
}

function measure(reader: WireReader, message: Message, lengths: number[]): void {
  while (reader.next()) {
    const inner = message.fields[reader.field]?.message;
    if (inner !== undefined && reader.wireType === WIRE.bytes) {
      const outer = reader.enter();
      measure(reader, inner, lengths);
      reader.leave(outer);
    } else if (isText(message, reader)) {
      const outer = reader.enter();
      lengths.push(reader.end - reader.position);
      reader.leave(outer);
    } else reader.skip();
  }
}

interface Cutting {
  readonly writer: WireWriter;
  readonly cap: number;
}

function rewrite(reader: WireReader, message: Message, cutting: Cutting): void {
  const { writer } = cutting;
  for (let start = reader.position; reader.next(); start = reader.position) {
    const { field } = reader;
    const inner = message.fields[field]?.message;
    if (inner !== undefined && reader.wireType === WIRE.bytes) {
      const [outer, open] = [reader.enter(), writer.open(field)];
      rewrite(reader, inner, cutting);
      writer.close(open);
      reader.leave(outer);
    } else if (isText(message, reader)) {
      const outer = reader.enter();
      writeText(reader, message, cutting);
      reader.leave(outer);
    } else {
      reader.skip();
      writer.raw(reader.bytes, start, reader.position);
    }
  }
}

function writeText(reader: WireReader, message: Message, { writer, cap }: Cutting): void {
  const { bytes, position, end, field } = reader;
  const length = end - position;
  if (length <= cap + MARK_BYTES) {
    writer.bytes(field, bytes.subarray(position, end));
    return;
  }
  const isBytes = message === OTLP.anyValue && field === 7;
  let kept = isBytes ? 0 : cap;
  // Whole characters.
  while (kept > 0 && (bytes[position + kept]! & 0xc0) === 0x80) kept -= 1;
  const text = bytes.toString('utf8', position, position + kept);
  writer.string(isBytes ? 1 : field, `${text}…[cut by Assay: ${length} bytes]`);
}
