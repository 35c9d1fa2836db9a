import type { Decision } from '../core/decision.js';
import type { Evidence, EvidenceSection, Judgement } from '../core/evidence.js';

/** A judgement record is at most this long. */
export const MAX_JUDGEMENT_BYTES = 512 * 1024;

/**
 * What travels to a judge, as it lies on the bus. Evidence comes cut to a budget; should it be too long all the same, its
 * longest section is cut until the record fits.
 */
export function encodeJudgement(decision: Decision, evidence: Evidence): Uint8Array {
  const criteria = decision.audit
    ? decision.criteria
    : decision.criteria.filter((criterion) => !decision.settled.some((one) => one.criterion === criterion));
  let fitted = evidence;
  for (;;) {
    const judgement: Judgement = { decision, criteria, evidence: fitted };
    const value = Buffer.from(JSON.stringify(judgement));
    if (value.length <= MAX_JUDGEMENT_BYTES || fitted.sections.every(({ text }) => text.length < 2)) return value;
    fitted = halveLongest(fitted);
  }
}

function halveLongest({ sections }: Evidence): Evidence {
  const longest = sections.reduce((a, b) => (b.text.length > a.text.length ? b : a));
  return { sections: sections.map((section) => (section === longest ? halved(section) : section)), truncated: true };
}

function halved({ title, text }: EvidenceSection): EvidenceSection {
  const marker = /^\[cut to the first half, (\d+) characters left out\]\n/;
  const cutBefore = marker.exec(text);
  const body = cutBefore === null ? text : text.slice(cutBefore[0].length);
  const kept = body.slice(0, Math.floor(body.length / 2));
  const leftOut = Number(cutBefore?.[1] ?? 0) + body.length - kept.length;
  return { title, text: kept === '' ? '' : `[cut to the first half, ${leftOut} characters left out]\n${kept}` };
}
