import { contentHash } from './keyed-hash.js';

/** How a case came into the set: somebody flagged a trace for support, or added it by a command, by hand or from a trace. */
export const CASE_ORIGINS = ['support_flag', 'command', 'trace'] as const;
export type CaseOrigin = (typeof CASE_ORIGINS)[number];

/** What makes a case the one that it is. A text that does not apply is empty. */
export interface CaseContent {
  readonly tenant: string;
  /** The trace that it came from: 32 hex digits. */
  readonly traceId: string;
  /** The rubric that judges an answer to it. */
  readonly criterion: string;
  /** What the agent is sent. Empty where only the trace knows. */
  readonly input: string;
  /** Text that a right answer holds, in whatever case. */
  readonly contains: string;
  /** Text that a right answer does not hold, in whatever case. */
  readonly lacks: string;
  /** Regular expression of ECMAScript that a right answer matches. */
  readonly matches: string;
  /** Text by which a production trace is known to be such a case, in whatever case. */
  readonly pattern: string;
}

/** A case of the adversarial set. Written once and never changed: `(tenant, caseId)` is its natural key. */
export interface AdversarialCase extends CaseContent {
  readonly caseId: string;
  readonly origin: CaseOrigin;
  /** Why it is in the set, in the words of whoever added it. */
  readonly note: string;
  readonly addedBy: string;
  readonly addedAtMs: number;
}

/** An answered production trace that is such a case; drawn so that each of them had the same chance to be here. */
export interface CaseAnswer {
  readonly tenant: string;
  readonly traceId: string;
  readonly service: string;
  readonly release: string;
  readonly environment: string;
  readonly passed: boolean;
  /** When it first came; bus time in ms. */
  readonly firstSeenMs: number;
}

/**
 * The same for the same content: 32 hex digits. The trace tells two cases apart only while neither says what is asked.
 */
export function caseIdOf(content: CaseContent): string {
  const { tenant, traceId, criterion, input, contains, lacks, matches, pattern } = content;
  return contentHash(tenant, input === '' ? traceId : '', criterion, input, contains, lacks, matches, pattern);
}
