import type { MeanEstimate } from './horvitz-thompson.js';

/** Units that are not independent of each other, such as the traces of one session, added up. */
export interface Cluster {
  /** Σ weight; > 0. */
  readonly weight: number;
  /** Σ weight × value. */
  readonly total: number;
}

/**
 * Weighted mean of units that come in clusters, with the variance that is right whatever goes on inside one: a session that
 * retries three times is not three sessions.
 *
 * @param clusters - at least two
 * @returns the mean, and its linearised variance with the factor C/(C−1) for few clusters
 * @throws {RangeError} when there are fewer than two clusters, since one says nothing about others
 * @see W. G. Cochran (1977), Sampling Techniques, 3rd ed., section 3.12; K.-Y. Liang and S. L. Zeger (1986), Biometrika 73, 13-22
 */
export function clusterRobustMean(clusters: readonly Cluster[]): MeanEstimate {
  const count = clusters.length;
  if (count < 2) throw new RangeError(`expected at least 2 clusters, got ${count}`);
  const weight = clusters.reduce((sum, cluster) => sum + cluster.weight, 0);
  const mean = clusters.reduce((sum, cluster) => sum + cluster.total, 0) / weight;
  const squares = clusters.reduce((sum, cluster) => sum + (cluster.total - mean * cluster.weight) ** 2, 0);
  return { mean, variance: (count / (count - 1)) * (squares / weight ** 2) };
}
