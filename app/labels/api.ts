import type { CellFilter } from '../../core/cell.js';
import type { Stratum } from '../../core/decision.js';
import type { Label, LabelQueue, LabelSource, LabelValue } from '../../core/label.js';

/** Of which traffic of the last seven days labels are wanted; all of it when nothing is set. */
export type LabelScope = Pick<CellFilter, 'service' | 'release'>;

/** Traces of one stratum and verdict, and how many of them people should look at. */
export interface LabelPlanCell {
  readonly stratum: Stratum;
  /** What the instrument said. */
  readonly passed: boolean;
  /** Of the judged traffic, by weight; in [0, 1]. */
  readonly share: number;
  readonly traces: number;
  readonly labels: number;
  /** Of the labels, by weight; null while there are none. */
  readonly failShare: number | null;
  readonly wanted: number;
}

/** Where labels are worth most, and how far people have come. */
export interface LabelPlan {
  /** Bus time from which on traces count, ISO 8601. */
  readonly since: string;
  readonly cells: readonly LabelPlanCell[];
  /** Traces that nothing flagged, drawn at random: wanted in a week, and labelled in the last seven days. */
  readonly audit: { readonly traces: number; readonly labels: number; readonly wanted: number };
}

/** A trace to be looked at. What the instrument said of it is not told, so that nobody is led by it. */
export interface LabelTask {
  readonly queue: Extract<LabelQueue, 'cell' | 'audit'>;
  readonly tenant: string;
  readonly traceId: string;
  readonly version: number;
  readonly service: string;
  readonly release: string;
  /** What is asked of it; the question is empty where the criterion has no rubric any more. */
  readonly criteria: readonly { readonly criterion: string; readonly question: string }[];
}

/** A label as somebody gives it. */
export interface GivenLabel {
  readonly traceId: string;
  /** The trace's own when it is left out; another one is refused. */
  readonly tenant?: string;
  /** The current one when it is left out. */
  readonly version?: number;
  readonly criterion: string;
  readonly value: LabelValue;
  readonly source?: LabelSource;
  /** `chosen` when it is left out. */
  readonly queue?: LabelQueue;
  readonly annotator?: string;
  readonly comment?: string;
  /** Now when it is left out. */
  readonly labelledAtMs?: number;
}

/** What became of labels: all are taken, or none. */
export interface AddedLabels {
  readonly added: number;
  readonly refused: readonly { readonly index: number; readonly reason: string }[];
}

/** The calls on labels. */
export interface LabelCalls {
  labelPlan(scope: LabelScope): Promise<LabelPlan>;
  /** The next traces to look at, those that are worth most first. */
  labelTasks(scope: LabelScope, limit: number): Promise<readonly LabelTask[]>;
  /** Takes all of them, or none when one is refused. @param dryRun - only says what would be refused */
  addLabels(labels: readonly GivenLabel[], dryRun: boolean): Promise<AddedLabels>;
  /** Every label once, in order of time. */
  labels(sinceMs: number): Promise<readonly Label[]>;
}
