/** Memory that is used over and over, where a new buffer each time would have the collector of garbage follow behind. */
export interface Scratch {
  /** So many bytes, with anything in them. */
  take(bytes: number): Buffer;
  /** What was taken is free again. */
  reset(): void;
}

/** @param keptBytes - what stays allocated; whoever needs more at once gets a buffer of its own */
export function createScratch(keptBytes: number): Scratch {
  let kept: Buffer | undefined;
  let used = 0;
  return {
    take(bytes) {
      if (used + bytes > keptBytes) return Buffer.allocUnsafeSlow(bytes);
      kept ??= Buffer.allocUnsafeSlow(keptBytes);
      used += bytes;
      return kept.subarray(used - bytes, used);
    },
    reset() {
      used = 0;
    },
  };
}
