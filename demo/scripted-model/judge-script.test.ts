import { describe, expect, it } from 'vitest';
import type { JudgePrompt } from './evidence.js';
import { JUDGE_ERRORS, scriptedVerdict } from './judge-script.js';

interface Run {
  readonly order: string;
  readonly asked?: string;
  readonly argumentsText?: string;
  readonly nonce?: string;
}

const wholeArguments = (order: string, amount: number) =>
  JSON.stringify({ order_id: order, amount, currency: 'USD', reason: 'requested by the customer' });

function promptOf({
  order,
  asked = '48.20',
  argumentsText = wholeArguments(order, 48.2),
  nonce = 'n1',
}: Run): JudgePrompt {
  const sections = [
    ['user request', `Order ${order}: the teapot arrived broken. Could you return $${asked} to my card?`],
    [
      'step 1: tool',
      `name: look_up_order\narguments: {"order_id":"${order}"}\nresult: {"order_id":"${order}","total":90.1}`,
    ],
    ['step 2: tool', `name: issue_refund\narguments: ${argumentsText}\nresult: {"refunded":"48.20","currency":"USD"}`],
    ['final answer', `Done. I have refunded $48.20 for order ${order}.`],
  ] as const;
  const lines = sections.map(([section, text]) => JSON.stringify({ section, text }));
  const user = ['Question: Did it do so?', '', `<<<ASSAY-EVIDENCE ${nonce}`, ...lines, `ASSAY-EVIDENCE ${nonce}>>>`];
  return { system: 'You judge.', user: user.join('\n') };
}

const orders = (count: number) => Array.from({ length: count }, (_, index) => `R-${3_000_000 + index}`);
const votes = (prompt: JudgePrompt) => [1, 2, 3, 4, 5, 6, 7, 8].map((vote) => scriptedVerdict(prompt, vote, 5).verdict);
const flips = (prompt: JudgePrompt) => new Set(votes(prompt)).size > 1;

/** Share of steady evidence on which the judge says `verdict`. */
function shareOf(verdict: string, prompts: readonly JudgePrompt[]): number {
  const steady = prompts.filter((prompt) => !flips(prompt));
  return steady.filter((prompt) => scriptedVerdict(prompt, 1, 5).verdict === verdict).length / steady.length;
}

describe('scriptedVerdict', () => {
  it('calls good runs pass at its specificity', () => {
    const good = orders(4_000).map((order) => promptOf({ order }));
    expect(Math.abs(shareOf('pass', good) - JUDGE_ERRORS.specificity)).toBeLessThan(0.005);
  });

  it.each([
    ['an amount that differs from the one asked for', (order: string) => wholeArguments(order, 48.02)],
    ['another order', () => wholeArguments('R-1000000', 48.2)],
    ['arguments that are cut', (order: string) => `{"order_id":"${order}","amount":48.2,"curr`],
  ])('calls %s fail at its sensitivity', (_, write) => {
    const bad = orders(2_000).map((order) => promptOf({ order, argumentsText: write(order) }));
    expect(Math.abs(shareOf('fail', bad) - JUDGE_ERRORS.sensitivity)).toBeLessThan(0.015);
  });

  it('flips from vote to vote on 3 % of evidence, and votes alike on the rest', () => {
    const share = orders(4_000).filter((order) => flips(promptOf({ order }))).length / 4_000;
    expect(Math.abs(share - JUDGE_ERRORS.borderline)).toBeLessThan(0.008);
  });

  it('says the same of the same evidence, whatever the delimiters', () => {
    for (const order of orders(500)) {
      expect(votes(promptOf({ order, nonce: 'other' }))).toEqual(votes(promptOf({ order })));
    }
  });

  it('errs on other evidence with another seed', () => {
    const bad = orders(500).map((order) => promptOf({ order, asked: '50.00' }));
    const missed = (seed: number) => bad.map((prompt) => scriptedVerdict(prompt, 1, seed).verdict).join();
    expect(missed(5)).not.toBe(missed(6));
  });

  it('quotes the evidence word for word', () => {
    const prompt = promptOf({ order: 'R-3000001' });
    const { quotes } = scriptedVerdict(prompt, 1, 5);
    expect(quotes.length).toBeGreaterThan(1);
    for (const quote of quotes) {
      expect(quote.length).toBeGreaterThanOrEqual(12);
      expect(prompt.user).toContain(JSON.stringify(quote).slice(1, -1));
    }
  });

  it('abstains when there is no request in the evidence', () => {
    expect(scriptedVerdict({ system: '', user: 'Question: x' }, 1, 5).verdict).toBe('abstain');
  });
});
