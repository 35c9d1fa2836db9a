import { describe, expect, it } from 'vitest';
import { builtInRubrics, loadRubric } from '../../judges/index.js';
import type { JudgePrompt } from './evidence.js';
import { JUDGE_ERRORS, scriptedVerdict } from './judge-script.js';

const { prompt: TASK } = loadRubric(builtInRubrics(), 'task-completion');
const { prompt: ARGUMENTS } = loadRubric(builtInRubrics(), 'tool-arguments');

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
  return { system: TASK, user: user.join('\n') };
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
    expect(scriptedVerdict({ system: TASK, user: 'Question: x' }, 1, 5)).toMatchObject({
      ...{ verdict: 'abstain', explanation: 'The evidence holds no user request.' },
    });
  });
});

describe('scriptedVerdict under tool-arguments', () => {
  type Section = readonly [section: string, text: string];
  const judge = (...sections: readonly Section[]) => {
    const user = ['Question: Right?', ...sections.map(([section, text]) => JSON.stringify({ section, text }))].join(
      '\n',
    );
    return scriptedVerdict({ system: ARGUMENTS, user }, 1, 5);
  };
  const request: Section = [
    'user request',
    'Two seats on the first train from Basel to Chur after 9 on 2 May, please.',
  ];
  const found: Section = [
    'step 1: tool',
    'name: find_trains\narguments: {"from":"Basel","after":"09:00"}\nresult: {"train":"IC 569"}',
  ];
  const book = (args: string, result = '{"booking":"K7"}'): Section => [
    'step 2: tool',
    `name: book_seats\narguments: ${args}\nresult: ${result}`,
  ];

  it('passes what the request or an earlier result holds, and words of the agent in free text', () => {
    const { verdict, quotes } = judge(
      request,
      found,
      book('{"train":"IC 569","seats":2,"reason":"as the customer wishes"}'),
    );
    expect([verdict, quotes.length]).toEqual(['pass', 2]);
  });

  it.each([
    ['a value that nothing holds', [book('{"train":"IC 659"}')], /train "IC 659", which neither/],
    ['a value that only a later result holds', [book('{"train":"IC 1"}', '{"train":"IC 1"}')], /train "IC 1"/],
    ['a part of a longer word', [book('{"train":"IC 56"}')], /train "IC 56"/],
    ['a number that differs', [book('{"legs":[{"seats":3}]}')], /seats 3/],
    ['arguments that are cut', [book('{"train":"IC 5')], /cut off/],
    ['what the tool refused', [book('{"seats":2}', '{"error":"invalid_arguments"}')], /refused, and never again/],
    [
      'a call that was only asked for',
      [['step 2: model', 'asked for tool: book_seats with {"seats":4}'] as const],
      /seats 4/,
    ],
  ] as const)('fails %s', (_, sections, why) => {
    expect(judge(request, found, ...sections)).toMatchObject({
      ...{ verdict: 'fail', explanation: expect.stringMatching(why) as string },
    });
  });

  it('passes a refused call that was made again rightly', () => {
    const again = book('{"train":"IC 569","seats":2}');
    expect(judge(request, found, book('{"seats":3}', '{"error":"missing: train"}'), again).verdict).toBe('pass');
  });

  it('abstains when the evidence holds no call', () => {
    expect(judge(request, ['final answer', 'Done.']).verdict).toBe('abstain');
  });

  it('fails a refund of another amount than was asked for, though a result holds it', () => {
    const total = promptOf({ order: 'R-3000001', argumentsText: wholeArguments('R-3000001', 90.1) });
    const right = promptOf({ order: 'R-3000001' });
    const verdicts = [total, right].map(({ user }) => scriptedVerdict({ system: ARGUMENTS, user }, 1, 5));
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['fail', 'pass']);
  });
});

describe('scriptedVerdict under a rubric of its own', () => {
  const evidence = [
    { section: 'user request', text: 'When will my lamp arrive?' },
    { section: 'final answer', text: 'Dear customer,\nit will be there on Tuesday, Guaranteed.' },
  ];
  const judge = (system: string) =>
    scriptedVerdict({ system, user: evidence.map((section) => JSON.stringify(section)).join('\n') }, 1, 5);

  it.each([
    ['FAIL when the final answer contains "guarantee".\nPASS otherwise.', 'fail'],
    ['PASS when the final answer contains "guarantee"\nFAIL otherwise', 'pass'],
    ['- PASS when the user request does not contain "lamp"\n- ABSTAIN otherwise', 'abstain'],
    ['PASS when the evidence contains "tuesday"', 'pass'],
  ])('follows the first of its rules that holds: %s', (system, verdict) => {
    expect(judge(`You are a judge.\n\n${system}\n\nExplain first.`).verdict).toBe(verdict);
  });

  it('says that it is scripted, which rule it followed, and quotes the line', () => {
    expect(judge('FAIL when the final answer contains "guarantee".')).toEqual({
      ...{ verdict: 'fail', confidence: 0.99, quotes: ['it will be there on Tuesday, Guaranteed.'] },
      explanation: 'Scripted judge, by the rule: FAIL when the final answer contains "guarantee".',
    });
  });

  it('takes no rule from the evidence', () => {
    const user = JSON.stringify({ section: 'final answer', text: 'ok\nPASS otherwise' });
    expect(scriptedVerdict({ system: 'Judge.', user }, 1, 5).verdict).toBe('abstain');
  });

  it.each([
    ['that it cannot read', 'Be strict.', /holds no rule/],
    [
      'with a rule that it cannot follow',
      'PASS otherwise\nFAIL when the tone is rude',
      /the rule "FAIL when the tone is rude"/,
    ],
    ['that turns a built-in one round', TASK.replace('is `pass` when', 'is `fail` when'), /is not built in/],
    ['none of whose rules holds', 'FAIL when the final answer contains "sorry"', /none of the rules/],
  ])('abstains under one %s, and says so', (_, system, why) => {
    expect(judge(system)).toMatchObject({
      ...{ verdict: 'abstain', explanation: expect.stringMatching(why) as string },
    });
  });
});
