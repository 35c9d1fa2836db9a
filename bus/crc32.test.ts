import { expect, it } from 'vitest';
import { crc32, tableCrc32 } from './crc32.js';

it('gives the published check value of CRC-32/ISO-HDLC', () => {
  expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
  expect(tableCrc32(Buffer.from('123456789'))).toBe(0xcbf43926);
});

it('gives the same in plain code as in zlib', () => {
  const bytes = Buffer.from(Array.from({ length: 5_000 }, (_, index) => (index * 31 + (index >> 3)) & 0xff));
  for (const length of [0, 1, 7, 4_999])
    expect(tableCrc32(bytes.subarray(0, length))).toBe(crc32(bytes.subarray(0, length)));
});
