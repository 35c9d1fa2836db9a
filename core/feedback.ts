/** Who gave feedback. */
export type FeedbackSource = 'human' | 'llm' | 'code' | 'unknown';

/** What a user, an annotator or another evaluator said of a run, as the emitter sent it. Never a verdict of Assay's. */
export interface Feedback {
  /** Such as `thumbs` or `relevance`. */
  readonly name: string;
  readonly score?: number;
  readonly label?: string;
  readonly explanation?: string;
  readonly source: FeedbackSource;
  /** The span it is about; empty when it is about the whole trace. */
  readonly spanId: string;
  readonly timeNs: bigint;
}
