/** A value at a time. */
export interface Sample {
  readonly atMs: number;
  readonly value: number;
}

export interface Slope {
  readonly perMinute: number;
  /** Of the slope; NaN for fewer than three samples. */
  readonly standardError: number;
  readonly mean: number;
}

const MINUTE_MS = 60_000;

/**
 * The straight line through samples by ordinary least squares.
 * @see any text on simple linear regression: b = Sxy / Sxx, SE(b) = sqrt(SSE / (n - 2) / Sxx)
 */
export function leastSquares(samples: readonly Sample[]): Slope {
  const n = samples.length;
  const minutes = samples.map(({ atMs }) => atMs / MINUTE_MS);
  const values = samples.map(({ value }) => value);
  const [meanX, meanY] = [mean(minutes), mean(values)];
  let [sxx, sxy, syy] = [0, 0, 0];
  for (let index = 0; index < n; index += 1) {
    const [dx, dy] = [minutes[index]! - meanX, values[index]! - meanY];
    sxx += dx * dx;
    sxy += dx * dy;
    syy += dy * dy;
  }
  const perMinute = sxy / sxx;
  const unexplained = Math.max(0, syy - perMinute * sxy);
  return { perMinute, mean: meanY, standardError: n > 2 ? Math.sqrt(unexplained / (n - 2) / sxx) : Number.NaN };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
