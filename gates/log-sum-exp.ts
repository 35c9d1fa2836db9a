/** log of the mean of `exp(value)`, which is the evidence of bets that share one purse; 0 evidence is -Infinity. Never overflows. */
export function logMeanExp(values: readonly number[]): number {
  const largest = Math.max(...values);
  if (!Number.isFinite(largest)) return largest;
  return largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0) / values.length);
}
