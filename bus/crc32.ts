import * as zlib from 'node:zlib';

/** CRC-32 (ISO-HDLC, as in gzip) of bytes, as an unsigned integer. */
export type Crc32 = (bytes: Uint8Array) => number;

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** CRC-32 in plain code, for a Node without `zlib.crc32` (20.11 to 20.14). */
export function tableCrc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

const native = (zlib as Partial<typeof zlib>).crc32;

/** The fastest CRC-32 that this Node has. */
export const crc32: Crc32 = native === undefined ? tableCrc32 : (bytes) => native(bytes);
