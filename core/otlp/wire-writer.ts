import { WIRE } from './wire-reader.js';

/** Shorter copies cost less byte by byte than by a view. */
const SHORT_COPY_BYTES = 64;

/** Writes protobuf into one growing buffer. Embedded messages are written in place and get their length afterwards. */
export class WireWriter {
  private buffer: Buffer;
  private length = 0;

  /** @param allocate - gives the first buffer, of at least so many bytes */
  constructor(initialBytes = 1024, allocate = (bytes: number): Buffer => Buffer.allocUnsafe(bytes)) {
    this.buffer = allocate(Math.max(16, initialBytes));
  }

  /** Bytes written so far. */
  get size(): number {
    return this.length;
  }

  /** What was written. It shares memory with the writer, which is not to be used after this. */
  finish(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  bool(field: number, value: boolean): void {
    this.uint32(field, value ? 1 : 0);
  }

  uint32(field: number, value: number): void {
    this.tag(field, WIRE.varint);
    this.varint(value);
  }

  /** A signed 32-bit enum or integer; negative ones take ten bytes, as protobuf has it. */
  int32(field: number, value: number): void {
    if (value < 0) this.int64(field, BigInt(value));
    else this.uint32(field, value);
  }

  int64(field: number, value: number | bigint): void {
    this.tag(field, WIRE.varint);
    if (typeof value === 'number' && value >= 0 && value <= 0xffffffff) {
      this.varint(value);
      return;
    }
    this.reserve(10);
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 127n) {
      this.buffer[this.length++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.buffer[this.length++] = Number(rest);
  }

  fixed64(field: number, value: bigint): void {
    this.tag(field, WIRE.fixed64);
    this.reserve(8);
    this.length = this.buffer.writeBigUInt64LE(value, this.length);
  }

  fixed32(field: number, value: number): void {
    this.tag(field, WIRE.fixed32);
    this.reserve(4);
    this.length = this.buffer.writeUInt32LE(value, this.length);
  }

  double(field: number, value: number): void {
    this.tag(field, WIRE.fixed64);
    this.reserve(8);
    this.length = this.buffer.writeDoubleLE(value, this.length);
  }

  /** UTF-8; a lone surrogate becomes U+FFFD. */
  string(field: number, value: string): void {
    this.tag(field, WIRE.bytes);
    const size = Buffer.byteLength(value);
    this.varint(size);
    this.reserve(size);
    this.length += this.buffer.write(value, this.length);
  }

  bytes(field: number, value: Uint8Array): void {
    this.tag(field, WIRE.bytes);
    this.varint(value.length);
    this.raw(value, 0, value.length);
  }

  /** Copies bytes that are encoded fields already. */
  raw(source: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    const { buffer } = this;
    let { length } = this;
    if (end - start < SHORT_COPY_BYTES) for (let at = start; at < end; at++) buffer[length++] = source[at]!;
    else {
      buffer.set(source.subarray(start, end), length);
      length += end - start;
    }
    this.length = length;
  }

  /** Begins an embedded message. Give the answer to `close`. */
  open(field: number): number {
    this.tag(field, WIRE.bytes);
    this.reserve(1);
    return ++this.length;
  }

  /** Ends the embedded message that `open` began. */
  close(start: number): void {
    const size = this.length - start;
    const lengthBytes = varintSize(size);
    if (lengthBytes > 1) {
      this.reserve(lengthBytes - 1);
      this.buffer.copyWithin(start + lengthBytes - 1, start, this.length);
    }
    this.length = start - 1;
    this.varint(size);
    this.length += size;
  }

  /** The head of a length-delimited field, whose `size` bytes are to follow. */
  head(field: number, size: number): void {
    this.tag(field, WIRE.bytes);
    this.varint(size);
  }

  private tag(field: number, wireType: number): void {
    this.varint(field * 8 + wireType);
  }

  private varint(value: number): void {
    this.reserve(5);
    let rest = value;
    while (rest > 127) {
      this.buffer[this.length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.buffer[this.length++] = rest;
  }

  private reserve(size: number): void {
    if (this.length + size <= this.buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + size));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
  }
}

/** Bytes of a length-delimited field with a number below 16. */
export function fieldSize(size: number): number {
  return 1 + varintSize(size) + size;
}

/** Bytes that a varint below 2^32 takes. */
function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  return value < 0x10000000 ? 4 : 5;
}
