import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import type { Logger } from '../core/logger.js';
import type { Metrics } from '../core/metrics.js';
import type { Model } from '../core/model.js';
import type { State } from '../core/state.js';
import type { Rubric } from './rubric.js';

export interface JudgeDeps {
  readonly log: Log;
  /** The judge's own name space. One judge at a time works on it: a second would take calls in flight for lost. */
  readonly state: State;
  /**
   * Where other judges with a state of their own read the same topic. They share the budget by partition, and tell each other on
   * `journal` what they buy. Left out for the only one.
   */
  readonly shared?: {
    /** Longest time that a call of another judge may be in flight. */
    readonly patienceMs: number;
  };
  /** Absent: every judgement is answered with an abstention that says so. */
  readonly model: Model | undefined;
  /** Asked whether fails of `model` are ones, where `confirm` says so. Absent: nobody is. */
  readonly confirm?: Model;
  readonly rubrics: readonly Rubric[];
  readonly clock: Clock;
  /** In [0, 1); for nonces and jitter. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Told once, before the first call to a provider. */
  readonly announce: (text: string) => void;
  /** False for a judge that only answers by hand and leaves the bus to the next one; true when it is left out. */
  readonly attends?: boolean;
}
