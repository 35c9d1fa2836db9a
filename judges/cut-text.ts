/** Share of what is kept that comes from the beginning. */
const HEAD_RATIO = 0.6;

/** Room for the marker itself. */
export const MARKER_CHARS = 40;

/**
 * Keeps the beginning and the end of a text and says in between how much was cut.
 *
 * @param maxChars - length of the answer in UTF-16 units, at least {@link MARKER_CHARS}
 */
export function cutText(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const kept = Math.max(0, maxChars - MARKER_CHARS);
  const head = wholePairs(text.slice(0, Math.ceil(kept * HEAD_RATIO)), 'end');
  const tail = wholePairs(text.slice(text.length - Math.floor(kept * (1 - HEAD_RATIO))), 'start');
  return `${head}[… ${text.length - head.length - tail.length} characters cut …]${tail}`;
}

/** Drops half a surrogate pair at the side that was cut. */
function wholePairs(text: string, side: 'start' | 'end'): string {
  return side === 'end' ? text.replace(/[\ud800-\udbff]$/, '') : text.replace(/^[\udc00-\udfff]/, '');
}

/**
 * Divides `total` so that short texts keep all they need and the long ones share the rest evenly.
 * @returns the allowance of each, in the order of `sizes`
 */
export function fairShares(sizes: readonly number[], total: number): readonly number[] {
  const shares = sizes.map(() => 0);
  let left = total;
  let open = sizes.map((size, index) => ({ size, index })).sort((a, b) => a.size - b.size);
  while (open.length > 0) {
    const share = Math.floor(left / open.length);
    const [smallest] = open;
    if (smallest === undefined || smallest.size > share) {
      for (const { index } of open) shares[index] = share;
      break;
    }
    shares[smallest.index] = smallest.size;
    left -= smallest.size;
    open = open.slice(1);
  }
  return shares;
}
