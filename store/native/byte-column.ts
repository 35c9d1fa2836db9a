import { isUtf8 } from 'node:buffer';

/** Shorter copies cost less byte by byte than by a view. */
const SHORT_COPY_BYTES = 48;
/** A buffer that one large value made grow is not kept for the next block. */
const KEPT_BYTES = 8 * 1024 * 1024;

/** `00` to `ff`, two characters each, low byte first. */
const HEX = Uint16Array.from({ length: 256 }, (_, byte) => {
  const text = byte.toString(16).padStart(2, '0');
  return text.charCodeAt(0) | (text.charCodeAt(1) << 8);
});

/**
 * A column of `String` values: each its length as a varint, and its bytes. The buffer is used again for the next block.
 *
 * Runs for every value of every span, and allocates nothing but while it grows and for text that is not ASCII.
 * Benchmark: bench/writer.ts.
 */
export class ByteColumn {
  buffer: Buffer;
  length = 0;

  constructor(private readonly initialBytes = 16_384) {
    this.buffer = Buffer.allocUnsafeSlow(initialBytes);
  }

  get bytes(): number {
    return this.length;
  }

  clear(): void {
    this.length = 0;
    if (this.buffer.length > KEPT_BYTES) this.buffer = Buffer.allocUnsafeSlow(this.initialBytes);
  }

  /** What was written; valid until the column is written to again. */
  view(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  empty(): void {
    this.reserve(1);
    this.buffer[this.length++] = 0;
  }

  /** A value of text. A lone surrogate becomes U+FFFD. */
  text(value: string): void {
    const size = Buffer.byteLength(value);
    this.reserve(size + 5);
    this.varint(size);
    this.length += this.buffer.write(value, this.length);
  }

  /** A value that lies in other bytes as UTF-8; what is not valid becomes U+FFFD. */
  slice(source: Buffer, start: number, end: number): void {
    const size = end - start;
    this.reserve(size + 5);
    const before = this.length;
    this.varint(size);
    const { buffer } = this;
    let { length } = this;
    if (size < SHORT_COPY_BYTES) {
      let bits = 0;
      for (let at = start; at < end; at++) {
        const byte = source[at]!;
        bits |= byte;
        buffer[length++] = byte;
      }
      if (bits > 127 && !isUtf8(source.subarray(start, end))) {
        this.#replaced(source.subarray(start, end), before);
        return;
      }
    } else {
      const part = source.subarray(start, end);
      if (!isUtf8(part)) {
        this.#replaced(part, before);
        return;
      }
      buffer.set(part, length);
      length += size;
    }
    this.length = length;
  }

  /** A value that is such bytes in lower-case hex. */
  hex(source: Buffer, start: number, end: number): void {
    this.reserve(2 * (end - start) + 5);
    this.varint(2 * (end - start));
    const { buffer } = this;
    let { length } = this;
    for (let at = start; at < end; at++) {
      const pair = HEX[source[at]!]!;
      buffer[length++] = pair & 255;
      buffer[length++] = pair >>> 8;
    }
    this.length = length;
  }

  /** A value that is a whole number of less than 2^32 in decimal. */
  uint32(value: number): void {
    this.reserve(11);
    let digits = 1;
    for (let bound = 10; bound <= value; bound *= 10) digits += 1;
    const { buffer } = this;
    buffer[this.length++] = digits;
    let rest = value;
    for (let at = this.length + digits - 1; at >= this.length; at--) {
      const tenth = Math.floor(rest / 10);
      buffer[at] = 48 + rest - 10 * tenth;
      rest = tenth;
    }
    this.length += digits;
  }

  /** Values that are encoded already. */
  encoded(values: Uint8Array): void {
    this.reserve(values.length);
    this.buffer.set(values, this.length);
    this.length += values.length;
  }

  private reserve(size: number): void {
    if (this.length + size <= this.buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.length + size));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
  }

  private varint(value: number): void {
    let rest = value;
    while (rest > 127) {
      this.buffer[this.length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.buffer[this.length++] = rest;
  }

  #replaced(source: Buffer, before: number): void {
    this.length = before;
    this.text(source.toString('utf8'));
  }
}
