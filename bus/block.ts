import type { LogRecord } from '../core/log.js';
import { crc32 } from './crc32.js';

/**
 * A block is one lmdb value: the records of one topic that were made durable together, in offset order.
 *
 *     u32 crc of the rest of the header
 *     u32 count
 *     u32 length of each body
 *     bodies: u32 crc of the rest of the body, u32 key length, u32 headers length, key, headers, value
 *
 * Little-endian. Headers are `u32 length, bytes` for each name and value in turn. The lengths stand in the header, so a
 * spoilt body costs one record and not its neighbours. An erased record keeps its place as a body of length 0.
 */
const FIXED_HEADER_BYTES = 8;
const FIXED_BODY_BYTES = 12;

/** What is kept of a record inside a block. */
export interface BlockRecord {
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Shares memory with the block. */
  readonly value: Uint8Array;
}

/** A record made ready to be written: its body's parts, and its length in bytes. */
export interface EncodedRecord {
  readonly key: Buffer;
  readonly headers: Buffer;
  readonly value: Uint8Array;
  readonly bytes: number;
}

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});
const NO_BYTES = Buffer.alloc(0);

/** Everything of records but their values, as bytes. The values are copied only when the block is put together. */
export function encodeRecords(records: readonly LogRecord[]): readonly EncodedRecord[] {
  const toBytes = headersEncoder();
  return records.map(({ key: text, headers: named, value }) => {
    const key = Buffer.from(text);
    const headers = named === undefined ? NO_BYTES : toBytes(named);
    return { key, headers, value, bytes: FIXED_BODY_BYTES + key.length + headers.length + value.length };
  });
}

/** Headers made ready; the records of a request share one object, which saves encoding it again. */
function headersEncoder(): (headers: Readonly<Record<string, string>>) => Buffer {
  let last: Readonly<Record<string, string>> = NO_HEADERS;
  let lastBytes: Buffer = NO_BYTES;
  return (headers) => {
    if (headers !== last) [last, lastBytes] = [headers, encodeHeaders(headers)];
    return lastBytes;
  };
}

function encodeHeaders(headers: Readonly<Record<string, string>>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of Object.entries(headers)) {
    for (const text of [name, value]) {
      const bytes = Buffer.from(text);
      const length = Buffer.allocUnsafe(4);
      length.writeUInt32LE(bytes.length);
      parts.push(length, bytes);
    }
  }
  return Buffer.concat(parts);
}

/**
 * Puts a block together.
 * @param allocate - gives a buffer of exactly so many bytes
 */
export function encodeBlock(
  records: readonly EncodedRecord[],
  allocate: (bytes: number) => Buffer = (bytes) => Buffer.allocUnsafeSlow(bytes),
): Buffer {
  const headerBytes = FIXED_HEADER_BYTES + 4 * records.length;
  let total = headerBytes;
  for (const record of records) total += record.bytes;
  const block = allocate(total);
  block.writeUInt32LE(records.length, 4);
  let at = headerBytes;
  records.forEach((record, index) => {
    block.writeUInt32LE(record.bytes, FIXED_HEADER_BYTES + 4 * index);
    block.writeUInt32LE(record.key.length, at + 4);
    block.writeUInt32LE(record.headers.length, at + 8);
    const keyAt = at + FIXED_BODY_BYTES;
    block.set(record.key, keyAt);
    block.set(record.headers, keyAt + record.key.length);
    block.set(record.value, keyAt + record.key.length + record.headers.length);
    block.writeUInt32LE(crc32(block.subarray(at + 4, at + record.bytes)), at);
    at += record.bytes;
  });
  block.writeUInt32LE(crc32(block.subarray(4, headerBytes)), 0);
  return block;
}

/** An opened block: checked header, bodies checked one by one as they are asked for. */
export interface Block {
  /** Bytes of the body of this record; index in [0, count). */
  bytesOf(index: number): number;
  /** 0 bytes: it was erased. */
  isErased(index: number): boolean;
  /** The record, or undefined when its bytes are not those that were written. */
  recordAt(index: number): BlockRecord | undefined;
  /** Its key alone, unchecked. */
  keyAt(index: number): string;
  /** As it is written. */
  bodyAt(index: number): Buffer;
}

/**
 * Opens a block.
 *
 * @param count - records that its key says it holds
 * @returns undefined when its header is not the one that was written: nothing in it can be found then
 */
export function openBlock(block: Buffer, count: number): Block | undefined {
  const headerBytes = FIXED_HEADER_BYTES + 4 * count;
  if (headerBytes > block.length || count !== block.readUInt32LE(4)) return undefined;
  if (crc32(block.subarray(4, headerBytes)) !== block.readUInt32LE(0)) return undefined;
  const starts = new Uint32Array(count + 1);
  starts[0] = headerBytes;
  for (let index = 0; index < count; index += 1) {
    starts[index + 1] = starts[index]! + block.readUInt32LE(FIXED_HEADER_BYTES + 4 * index);
  }
  const readHeaders = headersReader();
  const bodyAt = (index: number): Buffer => block.subarray(starts[index], starts[index + 1]);
  const bytesOf = (index: number): number => starts[index + 1]! - starts[index]!;
  return {
    bytesOf,
    bodyAt,
    isErased: (index) => bytesOf(index) === 0,
    recordAt: (index) => decodeBody(bodyAt(index), readHeaders),
    keyAt(index) {
      const body = bodyAt(index);
      return body.length < FIXED_BODY_BYTES
        ? ''
        : body.toString('utf8', FIXED_BODY_BYTES, FIXED_BODY_BYTES + body.readUInt32LE(4));
    },
  };
}

/** The same block with the records at these places erased; all others keep theirs. */
export function eraseFromBlock(block: Block, count: number, erased: ReadonlySet<number>): Buffer {
  const bodies = Array.from({ length: count }, (_, index) => (erased.has(index) ? NO_BYTES : block.bodyAt(index)));
  const header = Buffer.allocUnsafe(FIXED_HEADER_BYTES + 4 * count);
  header.writeUInt32LE(count, 4);
  bodies.forEach((body, index) => header.writeUInt32LE(body.length, FIXED_HEADER_BYTES + 4 * index));
  header.writeUInt32LE(crc32(header.subarray(4)), 0);
  return Buffer.concat([header, ...bodies]);
}

type HeadersReader = (bytes: Buffer) => Readonly<Record<string, string>>;

function decodeBody(body: Buffer, readHeaders: HeadersReader): BlockRecord | undefined {
  if (body.length < FIXED_BODY_BYTES || crc32(body.subarray(4)) !== body.readUInt32LE(0)) return undefined;
  const headersAt = FIXED_BODY_BYTES + body.readUInt32LE(4);
  const valueAt = headersAt + body.readUInt32LE(8);
  return {
    key: body.toString('utf8', FIXED_BODY_BYTES, headersAt),
    headers: readHeaders(body.subarray(headersAt, valueAt)),
    value: body.subarray(valueAt),
  };
}

/** Neighbours mostly carry the same headers: they then share one object, which saves decoding and memory. */
function headersReader(): HeadersReader {
  let lastBytes: Buffer = NO_BYTES;
  let last = NO_HEADERS;
  return (bytes) => {
    if (bytes.equals(lastBytes)) return last;
    lastBytes = bytes;
    last = decodeHeaders(bytes);
    return last;
  };
}

function decodeHeaders(bytes: Buffer): Readonly<Record<string, string>> {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 4 + bytes.readUInt32LE(at);
    texts.push(bytes.toString('utf8', at + 4, end));
    at = end;
  }
  const entries: [string, string][] = [];
  for (let index = 0; index + 1 < texts.length; index += 2) entries.push([texts[index]!, texts[index + 1]!]);
  return Object.freeze(Object.fromEntries(entries));
}
