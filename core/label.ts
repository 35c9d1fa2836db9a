import { contentHash } from './keyed-hash.js';

/** What a person said of one criterion. `skip`: looked at it and could not tell, so that nobody is asked again; it enters no rate. */
export const LABEL_VALUES = ['pass', 'fail', 'skip'] as const;
export type LabelValue = (typeof LABEL_VALUES)[number];

/** Where a label comes from. */
export const LABEL_SOURCES = ['annotator', 'support_flag', 'golden_set'] as const;
export type LabelSource = (typeof LABEL_SOURCES)[number];

/**
 * How its trace came to be labelled, on which hangs what may be concluded from it. `cell`: drawn at random among the traces of one
 * stratum and verdict. `audit`: drawn at random among those that nothing flagged. `chosen`: somebody picked it, and it enters no rate.
 */
export const LABEL_QUEUES = ['cell', 'audit', 'chosen'] as const;
export type LabelQueue = (typeof LABEL_QUEUES)[number];

/** What a person said of one criterion of one version of one trace. */
export interface Label {
  /** As `labelIdOf` has it: who says something else later says it in place of the first. */
  readonly labelId: string;
  readonly tenant: string;
  readonly traceId: string;
  readonly version: number;
  readonly criterion: string;
  readonly value: LabelValue;
  readonly source: LabelSource;
  readonly queue: LabelQueue;
  /** Whoever said it, by the name they gave; may be empty. */
  readonly annotator: string;
  readonly comment: string;
  readonly labelledAtMs: number;
}

/** The natural key of a label: 32 hex digits. */
export function labelIdOf(label: Omit<Label, 'labelId' | 'value' | 'queue' | 'comment' | 'labelledAtMs'>): string {
  const { tenant, traceId, version, criterion, source, annotator } = label;
  return contentHash('label', tenant, traceId, String(version), criterion, source, annotator);
}
