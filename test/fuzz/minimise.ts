/** Tries that one failure is worth. */
const MAX_TRIES = 150;

/**
 * Makes bytes smaller as long as they still fail: takes out halves, then quarters, and so on down to single bytes.
 * @param fails - whether these bytes fail in the same way
 */
export async function minimise(bytes: Buffer, fails: (smaller: Buffer) => Promise<boolean> | boolean): Promise<Buffer> {
  let smallest = bytes;
  let tries = 0;
  for (
    let size = Math.ceil(bytes.length / 2);
    size >= 1 && tries < MAX_TRIES;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < smallest.length && tries < MAX_TRIES; tries++) {
      const smaller = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)]);
      if (await fails(smaller)) smallest = smaller;
      else at += size;
    }
  }
  return smallest;
}
