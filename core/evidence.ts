import type { Decision } from './decision.js';

/** The trace as a judge sees it: hostile text, cut to a budget, in named sections. */
export interface Evidence {
  readonly sections: readonly EvidenceSection[];
  /** True when something was cut; the cut places carry a marker that says how much. */
  readonly truncated: boolean;
}

export interface EvidenceSection {
  /** Such as `user request`, `step 3: tool refund_order`, `final answer`. Written by Assay, never by the trace. */
  readonly title: string;
  /** Written by the trace. */
  readonly text: string;
}

/** What travels to a judge, at most 512 KB: judges never read the store. */
export interface Judgement {
  readonly decision: Decision;
  /** Criteria to judge; those that a check settled are only here in an audit. */
  readonly criteria: readonly string[];
  readonly evidence: Evidence;
  /** True when any of its spans is Assay's own: such a trace is never judged, whatever was decided. */
  readonly own: boolean;
}
