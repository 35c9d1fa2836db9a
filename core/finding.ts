/** `settles` decides its criterion; `suspicious` raises suspicion; `note` is only told. */
export type Severity = 'settles' | 'suspicious' | 'note';

/** What a deterministic check found. Free, repeatable, and never overturned by a judge. */
export interface Finding {
  /** Kebab-case name of the check. */
  readonly check: string;
  readonly severity: Severity;
  /** One sentence: what was expected, what came. */
  readonly message: string;
  /** The span it is about; empty when it is about the whole trace. */
  readonly spanId: string;
  /** With `settles`: the criteria that are thereby failed. */
  readonly fails?: readonly string[];
}
