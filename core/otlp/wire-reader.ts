import { malformed, MAX_NESTING } from './malformed.js';

/** Protobuf wire types. 3 and 4 delimit groups, which OTLP never uses; an unknown field may still be one. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;

const WIRE_NAMES = ['varint', 'fixed64', 'bytes', 'start of group', 'end of group', 'fixed32', 'type 6', 'type 7'];

/**
 * A cursor over protobuf bytes. It copies nothing and allocates nothing: `next` moves to a field, `field` and `wireType`
 * tell which, one of the value methods consumes it, and `enter` and `leave` narrow it to an embedded message.
 *
 * Runs for every field of every span. Every read is bounded by the innermost message, so that no length can reach outside.
 */
export class WireReader {
  readonly bytes: Buffer;
  position: number;
  end: number;
  field = 0;
  wireType = 0;
  /** The varint just read, as two unsigned halves. */
  low = 0;
  high = 0;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = start;
    this.end = end;
  }

  /** Moves to the next field of the message; false at its end. The value before must have been consumed. */
  next(): boolean {
    const { position } = this;
    if (position === this.end) return false;
    const byte = this.bytes[position]!;
    // Nearly all tags take one byte.
    if (byte < 128 && byte > 7) {
      this.position = position + 1;
      this.field = byte >>> 3;
      this.wireType = byte & 7;
      return true;
    }
    this.readVarint();
    this.field = ((this.low >>> 3) | (this.high << 29)) >>> 0;
    this.wireType = this.low & 7;
    if (this.high !== 0 || this.field === 0)
      throw this.malformed('expected a field number of 1 to 2^29 - 1, got another');
    return true;
  }

  /** @throws {PipelineError} OTLP_MALFORMED when the field came in another wire type */
  expect(wireType: number): void {
    if (this.wireType === wireType) return;
    const [expected, got] = [WIRE_NAMES[wireType] ?? '', WIRE_NAMES[this.wireType] ?? ''];
    throw this.malformed(`expected field ${this.field} as ${expected}, got ${got}`);
  }

  /** Reads a varint into `low` and `high`. */
  readVarint(): void {
    const { bytes, end } = this;
    let position = this.position;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (position >= end) throw this.truncated();
      const byte = bytes[position++]!;
      if (shift < 28) low |= (byte & 127) << shift;
      else if (shift > 28) high |= (byte & 127) << (shift - 32);
      else {
        low |= (byte & 127) << 28;
        high = (byte & 127) >>> 4;
      }
      if (byte < 128) {
        this.position = position;
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    throw this.malformed('expected a varint of at most 10 bytes, got more');
  }

  /** A signed 64-bit varint: a number when that is exact, else a bigint. */
  int64(): number | bigint {
    this.readVarint();
    const high = this.high | 0;
    const value = high * 4294967296 + this.low;
    return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(this.low);
  }

  /** A 32-bit varint, such as an enum; negative ones come as they are. */
  int32(): number {
    this.readVarint();
    return this.low | 0;
  }

  bool(): boolean {
    this.readVarint();
    return (this.low | this.high) !== 0;
  }

  fixed64(): bigint {
    return this.bytes.readBigUInt64LE(this.advance(8));
  }

  fixed32(): number {
    return this.bytes.readUInt32LE(this.advance(4));
  }

  double(): number {
    return this.bytes.readDoubleLE(this.advance(8));
  }

  /** Consumes a length; the value then starts at `position`. */
  length(): number {
    const { position, end } = this;
    const byte = position < end ? this.bytes[position]! : 128;
    if (byte < 128 && byte < end - position) {
      this.position = position + 1;
      return byte;
    }
    this.readVarint();
    if (this.high !== 0 || this.low > this.end - this.position) throw this.truncated();
    return this.low;
  }

  /** UTF-8; what is not valid becomes U+FFFD. */
  string(): string {
    const length = this.length();
    const start = this.position;
    this.position = start + length;
    return length === 0 ? '' : this.bytes.toString('utf8', start, start + length);
  }

  expectString(): string {
    this.expect(WIRE.bytes);
    return this.string();
  }

  /** Bytes, such as an id, in lower-case hex. */
  hex(): string {
    const length = this.length();
    const start = this.position;
    this.position = start + length;
    return this.bytes.toString('hex', start, start + length);
  }

  expectHex(): string {
    this.expect(WIRE.bytes);
    return this.hex();
  }

  /** Narrows to the embedded message here. Give the answer to `leave`. */
  enter(): number {
    const length = this.length();
    const outer = this.end;
    this.end = this.position + length;
    return outer;
  }

  /** Goes on behind the embedded message. */
  leave(outer: number): void {
    this.position = this.end;
    this.end = outer;
  }

  /** Consumes the value of the field, whatever it is. */
  skip(depth = 0): void {
    if (this.wireType === WIRE.bytes) this.advance(this.length());
    else if (this.wireType === WIRE.varint) this.readVarint();
    else if (this.wireType === WIRE.fixed64) this.advance(8);
    else if (this.wireType === WIRE.fixed32) this.advance(4);
    else if (this.wireType === WIRE.startGroup && depth < MAX_NESTING) this.skipGroup(depth);
    else throw this.malformed(`expected a value, got ${WIRE_NAMES[this.wireType] ?? ''}`);
  }

  private skipGroup(depth: number): void {
    const group = this.field;
    while (this.next()) {
      if (this.wireType === WIRE.endGroup) {
        if (this.field === group) return;
        break;
      }
      this.skip(depth + 1);
    }
    throw this.malformed(`expected the end of group ${group}, got none`);
  }

  private advance(length: number): number {
    const start = this.position;
    if (length > this.end - start) throw this.truncated();
    this.position = start + length;
    return start;
  }

  private truncated(): Error {
    return this.malformed(`expected a whole value of field ${this.field}, got one that is cut short`);
  }

  private malformed(problem: string): Error {
    return malformed(problem, `byte ${this.position}`);
  }
}
