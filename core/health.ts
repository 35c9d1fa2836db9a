/** What judges answered to one criterion in a window: each verdict once, audits left out. */
export interface JudgeAnswers {
  readonly tenant: string;
  readonly criterion: string;
  readonly passed: number;
  readonly failed: number;
  readonly abstained: number;
  readonly errors: number;
  /** Not asked, for want of money. */
  readonly shed: number;
}

/** How far the pipeline is, as the store has it. Times are bus time in ms. */
export interface PipelineProgress {
  /** The latest decision; null when nothing was ever decided. */
  readonly lastDecidedMs: number | null;
  /** Decisions of the last day. */
  readonly decidedInDay: number;
  /** The earliest decision that still waits for a verdict; null when none does. */
  readonly oldestPendingMs: number | null;
}
