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

/** By what traffic can be told apart. Decisions hold no feature flags, and no intent until something assigns one. */
export const SLICES = ['release', 'tenant', 'environment', 'criterion', 'service'] as const;
export type Slice = (typeof SLICES)[number];

/** Which traces are counted, and how they are told apart. */
export interface CellFilter {
  /** By release when it is left out. */
  readonly by?: Slice;
  /** Only traces first seen from here on, in ms of bus time. */
  readonly sinceMs?: number;
  readonly service?: string;
  readonly release?: string;
}

/** Traces of one service that are counted together. */
export interface SliceOf {
  readonly service: string;
  /** The release, or the value of what else they were told apart by; empty where that is the service alone. */
  readonly release: string;
  /** Empty for the whole trace, and where traces are told apart by criterion. */
  readonly criterion: string;
}

/** The cells of one slice, for one criterion or for the whole trace. */
export interface ReleaseCells extends SliceOf {
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

/**
 * Traces of a slice that have the same stratum and verdict, and what people said of those that were drawn to be labelled. The
 * weight of a trace is upstream weight / π; squares are sums of squared weights.
 */
export interface LabelledCell {
  readonly stratum: Stratum;
  /** What the instrument said of the whole trace, and of the criterion; the same where it is about the whole trace. */
  readonly tracePassed: boolean;
  readonly passed: boolean;
  readonly traces: number;
  readonly weight: number;
  readonly squares: number;
  /** Of the traces with a label. */
  readonly labels: number;
  readonly labelWeight: number;
  readonly labelSquares: number;
  /** Weight of those that a person failed. */
  readonly failedWeight: number;
  /** When the first and the last of them was labelled; 0 when there are none. */
  readonly oldestLabelMs: number;
  readonly newestLabelMs: number;
}

/** The labelled cells of one slice. */
export interface LabelledSlice extends SliceOf {
  readonly cells: readonly LabelledCell[];
}

/** How judged traces of the same session go together. */
export interface SessionEffect extends SliceOf {
  readonly sessions: number;
  /** Judged traces of the session that has the most. */
  readonly largest: number;
  /** Variance of the rate with sessions for clusters, over that of independent traces; 1 where each is a session of its own. */
  readonly effect: number;
}

/** Traces that nothing flagged, neither a check nor a judge, and what people said of those that were drawn at random. */
export interface UnflaggedSlice extends Omit<SliceOf, 'criterion'> {
  readonly traces: number;
  /** Of the drawn traces with a label. */
  readonly labels: number;
  readonly labelWeight: number;
  readonly labelSquares: number;
  readonly failedWeight: number;
}
