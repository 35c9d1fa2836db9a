/** Exactly one a trace, the first that holds; `open` and `pending` are not final. */
export const LEDGER_OUTCOMES = [
  'open',
  'pending',
  'judge_error',
  'abstained',
  'shed_budget',
  'judged',
  'from_cache',
  'settled',
  'sampled_out',
  'excluded',
] as const;
export type LedgerOutcome = (typeof LEDGER_OUTCOMES)[number];

/** Traces received, and each outcome, each counted by a query of its own. */
export type Coverage = { readonly received: number } & Readonly<Record<LedgerOutcome, number>>;
