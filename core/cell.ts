import type { AlarmSubject } from './alarm.js';
import type { Stratum } from './decision.js';

/**
 * Traces of one service and release that share stratum, inclusion probability and upstream weight, counted.
 * This is all that an estimate needs. Audit verdicts are never in it.
 */
export interface Cell {
  readonly stratum: Stratum;
  /** Inclusion probability; in (0, 1]. 1 for `settled`, and for traces without content, which are unanswered without a draw. */
  readonly pi: number;
  /** Adjusted count of the sampler before us; >= 1. */
  readonly upstreamWeight: number;
  /** All traces of the cell, judged or not. */
  readonly traces: number;
  readonly passed: number;
  readonly failed: number;
  /** Selected to be judged and not answered: judge error, abstention, budget; or without content. */
  readonly unanswered: number;
}

/** The cells of one release, for one criterion or for the whole trace (`criterion` is then empty). */
export interface ReleaseCells {
  readonly service: string;
  readonly release: string;
  readonly criterion: string;
  readonly cells: readonly Cell[];
}

/** What became of the traces of one slice that first came on one day. Those that wait for their judge are in no cell. */
export interface SliceDay extends AlarmSubject {
  /** UTC, such as `2026-11-22`. */
  readonly day: string;
  /** When the first of them came; bus time in ms. */
  readonly firstSeenMs: number;
  readonly cells: readonly Cell[];
}
