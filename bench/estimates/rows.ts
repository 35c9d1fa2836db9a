import type { Policy, Stratum } from '../../core/decision.js';

/** Bus time of a simulated day, in ms. */
export const DAY_MS = 86_400_000;
export const NOON_MS = DAY_MS / 2;

/** One line of the table: so many days of so much traffic under one plan, and what must hold. */
export interface Row {
  readonly plan: string;
  readonly tracesPerDay: number;
  /** Simulated days, unless the command line says otherwise. */
  readonly days: number;
  readonly policies: readonly Policy[];
  /** From noon on, unsuspected traces fail this many times as often. */
  readonly failFactorAfterNoon: number;
  readonly limits: Limits;
}

/** Shares are in [0, 1]. */
export interface Limits {
  readonly coverage: readonly [low: number, high: number];
  readonly judgedShare: number;
  /** Mean width of the interval; none is promised for a day with an incident. */
  readonly width?: number;
}

interface Size {
  readonly tracesPerDay: number;
  readonly days: number;
  /** Inclusion probability of the unsuspected: all day, then before and after noon. */
  readonly steady: number;
  readonly changing: readonly [before: number, after: number];
  readonly limits: Required<Limits>;
}

// Small days are cheap, so more of them are simulated: with 1,000, chance alone moves a coverage by 1.4 points.
const SIZES: readonly Size[] = [
  {
    tracesPerDay: 200,
    days: 10_000,
    steady: 1,
    changing: [1, 0.8],
    limits: { coverage: [0.93, 0.98], judgedShare: 1, width: 0.06 },
  },
  {
    tracesPerDay: 2_000,
    days: 2_500,
    steady: 0.12,
    changing: [0.16, 0.08],
    limits: { coverage: [0.93, 0.97], judgedShare: 0.2, width: 0.045 },
  },
  {
    tracesPerDay: 50_000,
    days: 1_000,
    steady: 0.0135,
    changing: [0.018, 0.009],
    limits: { coverage: [0.93, 0.97], judgedShare: 0.08, width: 0.035 },
  },
];

/** Failures among the unsuspected during the incident, as a multiple of what is usual. */
const INCIDENT_FACTOR = 10;
const INCIDENT_TRACES = 2_000;

/** Per size: a steady day, one on which `pi` changes at noon, and where days are cheap one with an incident at that change. */
export const ROWS: readonly Row[] = SIZES.flatMap(({ steady, changing, limits, ...size }) => {
  const [before, after] = changing;
  const change = [policy(1, 0, before), policy(2, NOON_MS, after)];
  const { coverage, judgedShare } = limits;
  const rows: readonly Row[] = [
    { ...size, plan: `pi ${steady}`, policies: [policy(1, 0, steady)], failFactorAfterNoon: 1, limits },
    { ...size, plan: `pi ${before} → ${after} at noon`, policies: change, failFactorAfterNoon: 1, limits },
    {
      ...size,
      plan: `the same, failures × ${INCIDENT_FACTOR}`,
      policies: change,
      failFactorAfterNoon: INCIDENT_FACTOR,
      limits: { coverage, judgedShare },
    },
  ];
  return size.tracesPerDay > INCIDENT_TRACES ? rows.slice(0, 2) : rows;
});

/** Suspected failures are always judged; the budget is kept by the unsuspected. */
function policy(version: number, effectiveFromMs: number, unsuspected: number): Policy {
  const pi: Record<Stratum, number> = { settled: 0.01, suspected: 1, incomplete: 1, unsuspected };
  return { version, effectiveFromMs, pi, reason: 'benchmark' };
}
