import type { Severity } from '../../core/finding.js';
import type { Trajectory } from '../../core/trajectory.js';
import type { SamplerConfig } from '../config.js';
import type { CallFact } from './call-facts.js';

/** What checks look at: the trajectory, and its tool calls with their arguments parsed once. */
export interface Facts {
  readonly trajectory: Trajectory;
  /** Calls as models asked for them, in order. Empty when the emitter sends no messages. */
  readonly calls: readonly CallFact[];
  /** False when the trace may have gone on unseen: what looks final may then not be. */
  readonly complete: boolean;
}

export type CheckOptions = Pick<SamplerConfig, 'stepBudget' | 'tokenBudget' | 'repeatedCalls'>;

/** What a check reports; its name and the criteria that it fails are added from the table. */
export interface Report {
  readonly severity: Severity;
  readonly message: string;
  readonly spanId: string;
}

/** One deterministic check. `run` may report any number of times; it must not look beyond the facts. */
export interface Check {
  readonly name: string;
  /** In (0, 1]: how much of the remaining trust a suspicious finding takes. */
  readonly weight: number;
  run(facts: Facts, options: CheckOptions): readonly Report[];
}
