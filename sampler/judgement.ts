import type { Decision } from '../core/decision.js';
import type { Evidence, EvidenceSection, Judgement } from '../core/evidence.js';
import { isOwnSpan } from '../core/own-spans.js';
import type { Span } from '../core/span.js';
import { toJson } from './to-json.js';

/** A judgement record is at most this long. */
export const MAX_JUDGEMENT_BYTES = 512 * 1024;

const NO_EVIDENCE: Evidence = { sections: [], truncated: true };

/**
 * What travels to a judge, as it lies on the bus. Evidence comes cut to a budget; should it be too long all the same, its
 * longest section is cut until it fits beside the decision.
 *
 * @param spans - of the trace: whether any is Assay's own is looked at here once more, whatever was decided
 */
export function encodeJudgement(decision: Decision, evidence: Evidence, spans: readonly Span[]): Uint8Array {
  const criteria = decision.audit
    ? decision.criteria
    : decision.criteria.filter((criterion) => !decision.settled.some((one) => one.criterion === criterion));
  const judgement: Judgement = { decision, criteria, evidence: NO_EVIDENCE, own: spans.some(isOwnSpan) };
  const room = MAX_JUDGEMENT_BYTES - Buffer.byteLength(toJson(judgement));
  return Buffer.from(toJson({ ...judgement, evidence: fit(evidence, room) }));
}

function fit(evidence: Evidence, maxBytes: number): Evidence {
  let fitted = evidence;
  while (fitted.sections.length > 0 && Buffer.byteLength(toJson(fitted)) > maxBytes) fitted = cut(fitted);
  return fitted;
}

/** The longest section by half; when none holds text any more, the last half of the sections. */
function cut({ sections }: Evidence): Evidence {
  const longest = sections.reduce((a, b) => (b.text.length > a.text.length ? b : a));
  const kept =
    longest.text.length < 2
      ? sections.slice(0, Math.floor(sections.length / 2))
      : sections.map((section) => (section === longest ? halved(section) : section));
  return { sections: kept, truncated: true };
}

function halved({ title, text }: EvidenceSection): EvidenceSection {
  const marker = /^\[cut to the first half, (\d+) characters left out\]\n/;
  const cutBefore = marker.exec(text);
  const body = cutBefore === null ? text : text.slice(cutBefore[0].length);
  const kept = body.slice(0, Math.floor(body.length / 2));
  const leftOut = Number(cutBefore?.[1] ?? 0) + body.length - kept.length;
  return { title, text: kept === '' ? '' : `[cut to the first half, ${leftOut} characters left out]\n${kept}` };
}
