/** A protobuf field read without a schema. */
export interface Field {
  readonly number: number;
  readonly wireType: number;
  /** A number, bytes, or the fields of what reads as a message. */
  value: bigint | Buffer | Field[];
  /** Written in place of all else. */
  raw?: Buffer;
}

/** A place in a tree: the fields that it is among, and which of them it is. */
export interface Spot {
  readonly among: Field[];
  readonly index: number;
  readonly field: Field;
}

const [VARINT, FIXED64, BYTES, FIXED32] = [0, 1, 2, 5];
const MAX_DEPTH = 24;

/** The fields of a message, or nothing when these bytes are none. What reads as a message inside is taken for one. */
export function parseFields(bytes: Buffer, depth = 0): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = readVarint(bytes, at);
    if (tag === undefined) return undefined;
    const [number, wireType] = [Number(tag.value >> 3n), Number(tag.value & 7n)];
    if (number === 0 || number > 1_000) return undefined;
    const found = readValue(bytes, { at: tag.end, wireType, depth });
    if (found === undefined) return undefined;
    fields.push({ number, wireType, value: found.value });
    at = found.end;
  }
  return fields;
}

interface ValuePlace {
  readonly at: number;
  readonly wireType: number;
  readonly depth: number;
}

function readValue(
  bytes: Buffer,
  { at, wireType, depth }: ValuePlace,
): { readonly value: Field['value']; readonly end: number } | undefined {
  if (wireType === VARINT) return readVarint(bytes, at);
  if (wireType === FIXED64 && at + 8 <= bytes.length) return { value: bytes.readBigUInt64LE(at), end: at + 8 };
  if (wireType === FIXED32 && at + 4 <= bytes.length) return { value: BigInt(bytes.readUInt32LE(at)), end: at + 4 };
  if (wireType !== BYTES) return undefined;
  const length = readVarint(bytes, at);
  if (length === undefined || length.value > BigInt(bytes.length - length.end)) return undefined;
  const end = length.end + Number(length.value);
  const inside = bytes.subarray(length.end, end);
  const fields = depth < MAX_DEPTH && inside.length > 1 && !isText(inside) ? parseFields(inside, depth + 1) : undefined;
  return { value: fields ?? Buffer.from(inside), end };
}

function readVarint(bytes: Buffer, start: number): { readonly value: bigint; readonly end: number } | undefined {
  let value = 0n;
  for (let at = start; at < bytes.length && at < start + 10; at++) {
    const byte = bytes[at]!;
    value |= BigInt(byte & 127) << BigInt(7 * (at - start));
    if (byte < 128) return { value, end: at + 1 };
  }
  return undefined;
}

function isText(bytes: Buffer): boolean {
  return bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0x0a);
}

/** The bytes of a message. */
export function writeFields(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.map((field) => field.raw ?? writeField(field)));
}

export function writeField({ number, wireType, value }: Field): Buffer {
  const tag = varint((BigInt(number) << 3n) | BigInt(wireType));
  if (typeof value !== 'bigint') {
    const bytes = Buffer.isBuffer(value) ? value : writeFields(value);
    return wireType === BYTES ? Buffer.concat([tag, varint(bytes.length), bytes]) : Buffer.concat([tag, bytes]);
  }
  if (wireType === VARINT) return Buffer.concat([tag, varint(value)]);
  const fixed = Buffer.alloc(wireType === FIXED32 ? 4 : 8);
  if (wireType === FIXED32) fixed.writeUInt32LE(Number(BigInt.asUintN(32, value)));
  else fixed.writeBigUInt64LE(BigInt.asUintN(64, value));
  return Buffer.concat([tag, fixed]);
}

/** @param size - bytes that it takes at least; more than it needs is legal up to ten */
export function varint(value: bigint | number, size = 1): Buffer {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, BigInt(value)); rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  const rest = BigInt.asUintN(64, BigInt(value)) >> BigInt(7 * bytes.length);
  bytes.push(Number(rest));
  while (bytes.length < size) {
    bytes[bytes.length - 1]! |= 128;
    bytes.push(0);
  }
  return Buffer.from(bytes);
}

/** Every place in a tree. */
export function spotsOf(fields: Field[], into: Spot[] = []): Spot[] {
  fields.forEach((field, index) => {
    into.push({ among: fields, index, field });
    if (Array.isArray(field.value)) spotsOf(field.value, into);
  });
  return into;
}
