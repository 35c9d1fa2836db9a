import type { Decision } from '../core/decision.js';
import type { Label } from '../core/label.js';
import type { Verdict } from '../core/verdict.js';

/** What stands where the reason of a decision or verdict was. Others begin with it. */
export const ERASED = 'erased';

/** The ledger row of an erased trace: every number and outcome, no text and nobody's name. */
export function withoutDecisionText(decision: Decision): Decision {
  const findings = decision.findings.map((finding) => ({ ...finding, message: '' }));
  return { ...decision, findings, sessionId: '', userId: '', reason: ERASED };
}

/** The same of a verdict. */
export function withoutVerdictText(verdict: Verdict): Verdict {
  return { ...verdict, votes: [], quotes: [], explanation: '', reason: ERASED };
}

/** The same of a label, whose comment may quote the trace. Who labelled it is no name of a user's. */
export function withoutLabelText(label: Label): Label {
  return { ...label, comment: '' };
}

/** `ALTER TABLE … UPDATE` for what the functions above do to a row. */
export const TEXT_FREE = {
  assay_decisions: `session_id = '', user_id = '', reason = '${ERASED}', \`findings.message\` = arrayMap(message -> '', \`findings.message\`)`,
  assay_verdicts: `votes = '[]', quotes = [], explanation = '', reason = '${ERASED}'`,
  assay_labels: `comment = ''`,
} as const;

/** A row that holds text still. */
export const HAS_TEXT = `NOT startsWith(reason, '${ERASED}')`;
