import kafkajs from 'kafkajs';

/** As kafkajs asks for it: what is compressed comes in a buffer inside an encoder. */
interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(bytes: Buffer): Promise<Buffer>;
}

/** Each package is loaded when it is first needed. gzip is built in. */
const snappy: Codec = {
  compress: async ({ buffer }) => (await import('snappy')).default.compress(buffer),
  async decompress(bytes) {
    const { uncompress } = (await import('snappy')).default;
    const blocks = xerialBlocks(bytes) ?? [bytes];
    return Buffer.concat(await Promise.all(blocks.map(async (block) => Buffer.from(await uncompress(block)))));
  },
};

const lz4: Codec = {
  compress: async ({ buffer }) => (await import('lz4-napi')).default.compressFrame(buffer),
  decompress: async (bytes) => (await import('lz4-napi')).default.decompressFrame(bytes),
};

const zstd: Codec = {
  compress: async ({ buffer }) => (await import('@mongodb-js/zstd')).default.compress(buffer),
  decompress: async (bytes) => (await import('@mongodb-js/zstd')).default.decompress(bytes),
};

/** Of Java's framing: a mark, a version and a compatible version, then blocks that each begin with their length. */
const XERIAL_MARK = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;

/** @returns undefined when it has no framing, which some producers leave out */
function xerialBlocks(bytes: Buffer): readonly Buffer[] | undefined {
  if (!bytes.subarray(0, XERIAL_MARK.length).equals(XERIAL_MARK)) return undefined;
  const blocks: Buffer[] = [];
  for (let at = XERIAL_HEADER_BYTES; at < bytes.length;) {
    const length = bytes.readUInt32BE(at);
    const end = at + 4 + length;
    if (end > bytes.length)
      throw new RangeError(`expected a snappy block of ${length} bytes, got ${bytes.length - at - 4}`);
    blocks.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return blocks;
}

/** Registers all codecs with kafkajs, for good: a batch in an unknown one would end the consumer. */
export function registerCodecs(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  CompressionCodecs[CompressionTypes.Snappy] = () => snappy;
  CompressionCodecs[CompressionTypes.LZ4] = () => lz4;
  CompressionCodecs[CompressionTypes.ZSTD] = () => zstd;
}
