import type { Check } from './check.js';

/** More steps than a run should need. */
export const stepBudget: Check = {
  name: 'step-budget',
  weight: 0.5,
  run({ trajectory }, options) {
    const steps = trajectory.steps.length;
    if (steps <= options.stepBudget) return [];
    return [
      { severity: 'suspicious', message: `expected at most ${options.stepBudget} steps, got ${steps}`, spanId: '' },
    ];
  },
};

/** More tokens than a run should need. */
export const tokenBudget: Check = {
  name: 'token-budget',
  weight: 0.5,
  run({ trajectory }, options) {
    const tokens = (trajectory.tokens?.input ?? 0) + (trajectory.tokens?.output ?? 0);
    if (tokens <= options.tokenBudget) return [];
    return [
      { severity: 'suspicious', message: `expected at most ${options.tokenBudget} tokens, got ${tokens}`, spanId: '' },
    ];
  },
};
