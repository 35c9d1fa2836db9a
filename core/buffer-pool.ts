/** Buffers that are used over and over: a new one each time would have the collector of garbage follow behind. */
export interface BufferPool {
  /** A buffer of at least so many bytes, with anything in them. */
  take(bytes: number): Buffer;
  /** The buffer, whole as it was taken, is free again. Whoever keeps on using it spoils what another writes. */
  give(buffer: Buffer): void;
}

/** What is smaller is cheap to make anew, what is larger is too rare to be kept. Both are powers of two. */
const LEAST_BYTES = 64 * 1024;
const MOST_BYTES = 4 * 2 ** 20;

/** @param keptBytes - of buffers that are free; those beyond are left to the collector of garbage */
export function createBufferPool(keptBytes: number): BufferPool {
  const free = new Map<number, Buffer[]>();
  let kept = 0;
  return {
    take(bytes) {
      const size = sizeFor(bytes);
      const buffer = free.get(size)?.pop();
      if (buffer === undefined) return Buffer.allocUnsafeSlow(size);
      kept -= size;
      return buffer;
    },
    give(buffer) {
      const { length } = buffer;
      if (sizeFor(length) !== length || length < LEAST_BYTES || length > MOST_BYTES || kept + length > keptBytes)
        return;
      kept += length;
      const others = free.get(length);
      if (others === undefined) free.set(length, [buffer]);
      else others.push(buffer);
    },
  };
}

function sizeFor(bytes: number): number {
  if (bytes > MOST_BYTES) return bytes;
  return Math.max(LEAST_BYTES, 2 ** Math.ceil(Math.log2(bytes)));
}
