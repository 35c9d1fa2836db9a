import type { Trajectory } from './trajectory.js';

/** Which traces a criterion applies to. */
export interface CriterionRule {
  readonly criterion: string;
  readonly applies: (trajectory: Trajectory) => boolean;
}
