import type { Evidence, EvidenceSection } from '../core/evidence.js';
import type { Trajectory } from '../core/trajectory.js';
import type { JudgesConfig } from './config.js';
import { cutText, fairShares } from './cut-text.js';
import { draftEvidence } from './evidence-sections.js';

/** Rough and the same for every model: what the budget of evidence is counted in. */
export const CHARS_PER_TOKEN = 4;

/** What a section costs beside its text: title, quotes, braces. */
const SECTION_CHARS = 40;

/** A step cut to less than this tells nothing; steps in the middle are left out instead. */
const MIN_STEP_CHARS = 200;

/** Instructions and tool descriptions say what the agent should do, which matters less than what it did. */
const CONTEXT_RATIO = 0.15;

/** A judgement is at most 512 KB; the rest is for the decision. */
const MAX_EVIDENCE_BYTES = 384 * 1024;

export interface RenderedEvidence {
  readonly evidence: Evidence;
  /** Estimated tokens of the evidence, without the rubric. */
  readonly tokens: number;
}

/**
 * The trace as a judge sees it. The same trajectory always gives the same text, and no id or time of a span is in it.
 *
 * @param options.evidenceTokens - budget of four-character tokens; what is over is cut in the middle, with a note of how much
 */
export function renderEvidence(
  trajectory: Trajectory,
  options: Pick<JudgesConfig, 'evidenceTokens'>,
): RenderedEvidence {
  let evidence = fit(trajectory, options.evidenceTokens * CHARS_PER_TOKEN);
  // Text outside ASCII takes up to six bytes a character in JSON.
  for (let budget = options.evidenceTokens; jsonBytes(evidence) > MAX_EVIDENCE_BYTES;) {
    budget = Math.floor(budget / 2);
    evidence = fit(trajectory, budget * CHARS_PER_TOKEN);
  }
  return { evidence, tokens: Math.ceil(sizeOf(evidence.sections) / CHARS_PER_TOKEN) };
}

function fit(trajectory: Trajectory, maxChars: number): Evidence {
  const draft = draftEvidence(trajectory);
  const opening = draft.opening.map((section) =>
    section.title === 'user request' ? section : cut(section, Math.floor(maxChars * CONTEXT_RATIO)),
  );
  const fixed = opening.length + draft.closing.length;
  const steps = leaveOutMiddle(draft.steps, Math.max(2, Math.floor(maxChars / 2 / MIN_STEP_CHARS) - fixed));
  const sections = [...opening, ...steps, ...draft.closing];
  const room = maxChars - sections.length * SECTION_CHARS;
  const shares = fairShares(
    sections.map((section) => section.text.length),
    room,
  );
  const fitted = sections.map((section, index) => cut(section, shares[index] ?? 0));
  const before = [...draft.opening, ...draft.steps, ...draft.closing];
  return { sections: fitted, truncated: sizeOf(fitted) !== sizeOf(before) };
}

function cut(section: EvidenceSection, maxChars: number): EvidenceSection {
  return { title: section.title, text: cutText(section.text, maxChars) };
}

function leaveOutMiddle(steps: readonly EvidenceSection[], most: number): readonly EvidenceSection[] {
  if (steps.length <= most) return steps;
  const head = Math.ceil((most - 1) / 2);
  const tail = Math.max(1, most - 1 - head);
  const left = steps.length - head - tail;
  const note = { title: 'steps left out', text: `[… ${left} steps cut …]` };
  return [...steps.slice(0, head), note, ...steps.slice(steps.length - tail)];
}

function sizeOf(sections: readonly EvidenceSection[]): number {
  return sections.reduce((sum, { text }) => sum + text.length + SECTION_CHARS, 0);
}

function jsonBytes(evidence: Evidence): number {
  return Buffer.byteLength(JSON.stringify(evidence));
}
