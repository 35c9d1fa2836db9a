import {
  clopperPearsonInterval,
  clusterRobustMean,
  hajek,
  incompleteBeta,
  inverseIncompleteBeta,
  jeffreysInterval,
  moverMargins,
  ppi,
  wilsonInterval,
  type Cluster,
} from '../../gates/index.js';
import { createPrng, type Prng } from '../estimates/prng.js';

type Case = Readonly<Record<string, unknown>>;
type Interval = readonly [low: number, high: number];

/** Cases of each check, with what gates/ answers. */
export function gridOf(seed: number): Readonly<Record<string, readonly Case[]>> {
  const prng = createPrng(seed);
  return {
    'incomplete beta function and its inverse': betaCases(),
    'Clopper-Pearson': intervalCases(clopperPearsonInterval),
    Wilson: intervalCases(wilsonInterval),
    Jeffreys: intervalCases(jeffreysInterval),
    'MOVER, difference of two rates': differenceCases(),
    Hájek: repeat(50, () => hajekCase(prng)),
    'cluster-robust variance': repeat(50, () => clusterCase(prng)),
    'PPI++': repeat(50, () => ppiCase(prng)),
  };
}

const COUNTS = [1, 2, 5, 20, 137, 1_000, 20_000].flatMap((n) =>
  [...new Set([0, 1, Math.floor(n / 20), Math.floor(n / 2), n - 1, n])].map((count) => ({ count, n })),
);

function intervalCases(interval: (count: number, n: number) => Interval): readonly Case[] {
  return COUNTS.map(({ count, n }) => {
    const [low, high] = interval(count, n);
    return { count, n, low, high };
  });
}

function betaCases(): readonly Case[] {
  const sizes = [0.5, 1, 2.5, 20, 300, 5_000];
  const shares = [0.001, 0.025, 0.3, 0.5, 0.975];
  return sizes.flatMap((a) =>
    sizes.flatMap((b) =>
      shares.map((p) => {
        // Near the mean, where the function is neither 0 nor 1.
        const x = Math.min(0.999, (a / (a + b)) * (0.5 + p));
        return { a, b, x, p, cdf: incompleteBeta(x, a, b), quantile: inverseIncompleteBeta(p, a, b) };
      }),
    ),
  );
}

function differenceCases(): readonly Case[] {
  return [
    [56, 70, 48, 80],
    [9, 10, 3, 10],
    [5, 56, 0, 29],
    [980, 1_000, 450, 500],
    [1, 3, 2, 3],
  ].map(([x = 0, n = 1, y = 0, m = 1]) => {
    const [a, b] = [wilsonInterval(x, n), wilsonInterval(y, m)];
    const [below, above] = moverMargins([
      { estimate: x / n, low: a[0], high: a[1] },
      { estimate: -y / m, low: -b[1], high: -b[0] },
    ]);
    return { a: [x, n], b: [y, m], low: x / n - y / m - below, high: x / n - y / m + above };
  });
}

function hajekCase(prng: Prng): Case {
  const sample = repeat(200, () => ({ y: bit(prng, 0.2), pi: 0.01 + 0.99 * prng.uniform() }));
  return { y: sample.map(({ y }) => y), pi: sample.map(({ pi }) => pi), mean: hajek(sample).mean };
}

function clusterCase(prng: Prng): Case {
  const units = repeat(120, () => {
    const cluster = Math.floor(30 * prng.uniform());
    return { cluster, weight: 1 + 9 * prng.uniform(), y: bit(prng, cluster % 3 === 0 ? 0.6 : 0.1) };
  });
  const clusters = new Map<number, Cluster>();
  for (const { cluster, weight, y } of units) {
    const before = clusters.get(cluster) ?? { weight: 0, total: 0 };
    clusters.set(cluster, { weight: before.weight + weight, total: before.total + weight * y });
  }
  return {
    y: units.map(({ y }) => y),
    weights: units.map(({ weight }) => weight),
    clusters: units.map(({ cluster }) => cluster),
    ...clusterRobustMean([...clusters.values()]),
  };
}

function ppiCase(prng: Prng): Case {
  const [bothFail, labelFails, judgeFails] = repeat(3, () => 1 + Math.floor(20 * prng.uniform()));
  const pairs = { bothFail: bothFail!, labelFails: labelFails!, judgeFails: judgeFails!, bothPass: 150 };
  const n = 500 + Math.floor(2_000 * prng.uniform());
  const failed = Math.floor(n * (0.02 + 0.3 * prng.uniform()));
  const { interval } = ppi(pairs, { failed, n });
  return {
    pairs: [bothFail, labelFails, judgeFails, 150],
    unlabelled: [failed, n],
    low: interval[0],
    high: interval[1],
  };
}

function bit(prng: Prng, share: number): number {
  return prng.uniform() < share ? 1 : 0;
}

function repeat<Item>(times: number, make: () => Item): readonly Item[] {
  return Array.from({ length: times }, make);
}
