/**
 * The value at a quantile, by the nearest-rank method.
 * @param quantile - in (0, 1]
 * @returns NaN for no values
 */
export function percentile(values: readonly number[], quantile: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)] ?? Number.NaN;
}
