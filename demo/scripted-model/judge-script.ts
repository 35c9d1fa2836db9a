import { createSeeded } from '../seeded.js';
import { assessArguments } from './arguments-script.js';
import { evidenceKey, readEvidence, type EvidenceCall, type EvidenceFacts, type JudgePrompt } from './evidence.js';
import { followRules } from './plain-rules.js';
import { formatCents, readAsk, readObject, type Ask } from './reading.js';
import { readRubric } from './rubric-reading.js';

export { evidenceKey };

/** How often the scripted judge is wrong, known because it is written here. */
export const JUDGE_ERRORS = {
  /** Share of evidence that gets a coin's verdict, thrown anew for each vote. */
  borderline: 0.03,
  /** Of the rest: share of failures that are called fail. */
  sensitivity: 0.95,
  /** Of the rest: share of good runs that are called pass. */
  specificity: 0.995,
} as const;

/** The reply, in the shape that Assay's judges ask for. */
export interface ScriptedVerdict {
  readonly explanation: string;
  readonly quotes: readonly string[];
  readonly verdict: 'pass' | 'fail' | 'abstain';
  readonly confidence: number;
}

interface Finding {
  readonly passed: boolean;
  readonly explanation: string;
  readonly call?: EvidenceCall | undefined;
}

/**
 * Judges one prompt as the scripted server does. It obeys the rubric in the prompt as far as a program can read it, see
 * {@link readRubric}, and abstains from what it cannot. About the order desk it reads the truth from the evidence's text and
 * then errs at {@link JUDGE_ERRORS}; about anything else it compares arguments with their sources, and never errs by dice.
 *
 * @param vote - 1 for the first call on this evidence
 * @param seed - with evidence and criterion it decides the errors, so all votes on one evidence err alike
 */
export function scriptedVerdict(prompt: JudgePrompt, vote: number, seed: number): ScriptedVerdict {
  const facts = readEvidence(prompt);
  const rubric = readRubric(prompt.system);
  if (rubric.kind === 'unread') return abstain(`This judge is scripted: ${rubric.why}.`);
  if (rubric.kind === 'rules') return { ...followRules(rubric.rules, facts), confidence: 0.99 };
  if (facts.request === '') return abstain('The evidence holds no user request.');
  const familiar = isOrderDesk(facts);
  const finding = rubric.kind === 'task-completion' && familiar ? assess(facts) : assessArguments(facts);
  if (finding === undefined)
    return abstain('This judge is scripted and compares arguments: the evidence holds no call.');
  return familiar ? err(prompt, { finding, facts, vote, seed }) : toVerdict(finding, facts, 0.9);
}

interface Answer {
  readonly finding: Finding;
  readonly facts: EvidenceFacts;
  readonly vote: number;
  readonly seed: number;
}

function err(prompt: JudgePrompt, { finding, facts, vote, seed }: Answer): ScriptedVerdict {
  const dice = createSeeded(`${seed}/${evidenceKey(prompt)}`);
  const borderline = dice.uniform('borderline') < JUDGE_ERRORS.borderline;
  const right = dice.uniform('error') < (finding.passed ? JUDGE_ERRORS.specificity : JUDGE_ERRORS.sensitivity);
  const passed = borderline ? dice.uniform('vote', vote) < 0.5 : finding.passed === right;
  const said = passed === finding.passed ? finding.explanation : secondThought(passed);
  return toVerdict({ ...finding, passed, explanation: said }, facts, borderline ? 0.55 : 0.93);
}

function toVerdict(finding: Finding, facts: EvidenceFacts, confidence: number): ScriptedVerdict {
  const { passed, explanation } = finding;
  return { explanation, quotes: quotesOf(facts, finding), verdict: passed ? 'pass' : 'fail', confidence };
}

function abstain(explanation: string): ScriptedVerdict {
  return { explanation, quotes: [], verdict: 'abstain', confidence: 0.5 };
}

/** True for what the fleet of the demo is asked: its truth is known in full. */
function isOrderDesk({ request, calls }: EvidenceFacts): boolean {
  return readAsk(request).intent !== 'policy' || calls.some(({ name }) => name === 'search_help');
}

function secondThought(passed: boolean): string {
  return passed
    ? 'The calls follow the request step by step and the answer agrees with what the tools returned.'
    : 'The record does not show that everything the user asked for was carried out as it was asked.';
}

/** What the evidence says of a run of the order desk, without any error. */
export function assess(facts: EvidenceFacts): Finding {
  const ask = readAsk(facts.request);
  switch (ask.intent) {
    case 'refund':
      return assessRefund(ask, facts);
    case 'track':
      return assessTracking(ask, facts);
    case 'address':
      return assessAddress(ask, facts);
    case 'policy': {
      const call = facts.calls.at(-1);
      const article = readObject(call?.result ?? '')?.['article'];
      const passed = typeof article === 'string' && facts.answer.includes(article);
      return {
        passed,
        call,
        explanation: passed ? 'The answer is what the help pages say.' : 'The answer is not from the help pages.',
      };
    }
  }
}

const succeeded = (call: EvidenceCall): boolean => {
  const result = readObject(call.result);
  return result !== undefined && result['error'] === undefined;
};

function lastCall(facts: EvidenceFacts, name: string): EvidenceCall | undefined {
  return facts.calls.findLast((call) => call.name === name);
}

function assessRefund(ask: Extract<Ask, { intent: 'refund' }>, facts: EvidenceFacts): Finding {
  const asked = `The user asked for $${formatCents(ask.amountCents)} back on order ${ask.orderId}.`;
  const call = lastCall(facts, 'issue_refund');
  if (!call) return { passed: false, explanation: `${asked} No refund was issued.` };
  const args = readObject(call.arguments);
  if (!args)
    return {
      passed: false,
      call,
      explanation: `${asked} The arguments of the refund are cut off, so it was never issued.`,
    };
  const cents = Math.round(Number(args['amount']) * 100);
  const right = args['order_id'] === ask.orderId && cents === ask.amountCents;
  if (!right) {
    const sent = `${String(args['amount'])} on ${String(args['order_id'])}`;
    return { passed: false, call, explanation: `${asked} The refund was called with ${sent}.` };
  }
  if (!succeeded(call)) return { passed: false, call, explanation: `${asked} The tool refused the refund.` };
  return { passed: true, call, explanation: `${asked} The refund was issued for that order and that amount.` };
}

function assessTracking(ask: Extract<Ask, { intent: 'track' }>, facts: EvidenceFacts): Finding {
  const call = lastCall(facts, 'track_order');
  const expected = readObject(call?.result ?? '')?.['expected'];
  const passed =
    call !== undefined &&
    readObject(call.arguments)?.['order_id'] === ask.orderId &&
    typeof expected === 'string' &&
    facts.answer.includes(expected);
  const explanation = `The user asked where order ${ask.orderId} is; the answer ${passed ? 'gives' : 'does not give'} what the carrier says.`;
  return { passed, call, explanation };
}

function assessAddress(ask: Extract<Ask, { intent: 'address' }>, facts: EvidenceFacts): Finding {
  const call = lastCall(facts, 'change_address');
  const args = readObject(call?.arguments ?? '');
  const passed =
    call !== undefined && args?.['order_id'] === ask.orderId && args['address'] === ask.address && succeeded(call);
  const explanation = `The user asked to send order ${ask.orderId} to ${ask.address}; the address ${passed ? 'was' : 'was not'} changed so.`;
  return { passed, call, explanation };
}

/** Copied from the evidence; the first words of the request and the arguments that decide. */
function quotesOf(facts: EvidenceFacts, finding: Finding): readonly string[] {
  const candidates = [facts.request.split('\n')[0]?.slice(0, 160) ?? '', finding.call?.arguments.slice(0, 200) ?? ''];
  return candidates.map((quote) => quote.trim()).filter((quote) => quote.length >= 12);
}
