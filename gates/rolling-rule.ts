/** Verdicts about one kind of traffic, and the pass rate that is estimated from them. */
export interface SlicePassRate {
  /** In [0, 1]. */
  readonly passRate: number;
  /** How many traces it speaks of. */
  readonly traces: number;
}

/** A window as the rule sees it; without adversarial traces that slice is left out. */
export interface RuleWindow {
  readonly production: SlicePassRate;
  readonly adversarial?: SlicePassRate;
}

export interface RollingRuleOptions {
  /** Fall of the weighted pass rate that fires; 0.02 when absent. */
  readonly drop?: number;
  /** How often an adversarial trace counts; 3 when absent. */
  readonly adversarialWeight?: number;
  /** Least pass rate of the adversarial slice; 0.85 when absent. */
  readonly floor?: number;
}

export interface RollingRuleResult {
  readonly fires: boolean;
  /** Weighted pass rate of the baseline minus that of the window. */
  readonly drop: number;
  readonly belowFloor: boolean;
}

/**
 * The rule that most teams begin with: fires when the pass rate of a rolling window is a fixed step below that of production,
 * or its adversarial slice is under the floor. It has no notion of noise: `npm run bench:statistics` shows how often it
 * cries wolf, and what it never sees. To be chosen by name, not by default.
 */
export function rollingRule(
  { baseline, window }: { readonly baseline: RuleWindow; readonly window: RuleWindow },
  { drop: limit = 0.02, adversarialWeight = 3, floor = 0.85 }: RollingRuleOptions = {},
): RollingRuleResult {
  const drop = weightedPassRate(baseline, adversarialWeight) - weightedPassRate(window, adversarialWeight);
  const belowFloor = window.adversarial !== undefined && window.adversarial.passRate < floor;
  return { fires: drop >= limit || belowFloor, drop, belowFloor };
}

/** NaN for a window without traces, at which the rule does not fire. */
function weightedPassRate({ production, adversarial }: RuleWindow, adversarialWeight: number): number {
  const weight = (adversarial?.traces ?? 0) * adversarialWeight;
  const passed = production.passRate * production.traces + (adversarial?.passRate ?? 0) * weight;
  return passed / (production.traces + weight);
}

/** Ways to decide that a release got worse, by the name that a rule is configured with. */
export const ALARM_POLICIES = ['e-detector', 'rolling-drop'] as const;
export type AlarmPolicy = (typeof ALARM_POLICIES)[number];
