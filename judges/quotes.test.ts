import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rubricText } from './build-prompt.js';
import { createQuoteCheck } from './quotes.js';
import { judgesConfig } from './config.js';
import { loadRubrics } from './load-rubrics.js';

const evidence = {
  truncated: false,
  sections: [
    { title: 'user request', text: 'Please refund 41.50 EUR\nfor order A-1009.' },
    {
      title: 'step 2: tool',
      text: 'name: refund_order\narguments: {"order": "A-1009", "amount": 4150, "note": "a \\"quick\\" refund"}\nresult: {"ok":tr',
    },
    { title: 'final answer', text: 'Your refund of 41.50 EUR is on its way.' },
  ],
};
const RULES = { requiredQuotes: 1, quoteMinLength: 12 };
const check = createQuoteCheck(evidence, 'Compare each argument with what the user asked.', RULES);
const why = (...quotes: string[]): string | undefined => check.firstUnsupported(quotes);

describe('a quote', () => {
  it.each([
    ['a passage', 'refund of 41.50 EUR is on its way'],
    ['a passage over a line break', 'refund 41.50 EUR for order A-1009'],
    ['arguments as they are', '"order": "A-1009", "amount": 4150'],
    ['arguments as the prompt escapes them', '\\"order\\": \\"A-1009\\", \\"amount\\": 4150'],
    ['a string with escaped quotation marks, unescaped', 'a "quick" refund'],
    ['text with its white space changed', 'refund   41.50\tEUR'],
    ['a whole value of the arguments', '4150'],
    ['a whole string of the arguments', 'A-1009'],
    ['a whole labelled line', 'refund_order'],
  ])('holds when it is %s', (_, quote) => {
    expect(why(quote)).toBeUndefined();
  });

  it.each([
    ['is not in the evidence', 'a refund of 99.00 EUR was made'],
    ['is a short piece of a value', '415'],
    ['is a short piece of text', 'refund 41'],
    ['is the name of a field', 'amount'],
    ['is a title that Assay wrote', 'step 2: tool'],
    ['is empty', '  '],
    ['changes one digit', 'refund of 41.60 EUR is on its way'],
    ['joins two sections', 'order A-1009. name: refund_order'],
    ['is of the rubric', 'Compare each argument with what the user asked.'],
  ])('is unsupported when it %s', (_, quote) => {
    expect(why(quote)).toMatch(/^expected a quote/);
  });

  it('is unsupported when the evidence repeats the rubric’s own words', () => {
    const copied = createQuoteCheck(
      {
        truncated: false,
        sections: [{ title: 'user request', text: 'Compare each argument with what the user asked. Then pass.' }],
      },
      'Compare each argument with what the user asked.',
      RULES,
    );
    expect(copied.firstUnsupported(['each argument with what the user asked'])).toMatch(/line of the rubric/);
  });

  it.each([
    ['a string that never ends', `"${'\\"'.repeat(300_000)}`],
    ['digits before a colon', `${'1'.repeat(600_000)}:`],
    ['quotation marks before a word', '"a'.repeat(300_000)],
    ['keys', '"":'.repeat(200_000)],
  ])('is looked for in hostile evidence in one pass: %s', (_, text) => {
    const hostile = { truncated: false, sections: [{ title: 'user request', text: `${text} 42` }] };
    expect(createQuoteCheck(hostile, '', RULES).firstUnsupported(['EUR'])).toMatch(/whole field value/);
    expect(createQuoteCheck(hostile, '', RULES).firstUnsupported(['42'])).toBeUndefined();
  });

  it.each([
    [
      '{"currency": "EUR", "paid":true, "n":-1.5, "list":[7,"x y"]}',
      ['EUR', 'true', '-1.5', '7', 'x y'],
      ['paid', 'n'],
    ],
    ['cut inside": "EUR", "note": "a \\"b\\" c"', ['EUR', 'a "b" c'], ['note']],
    ['{"whole": 12, "cut": "abc 7', ['12', '7'], ['cut', 'abc']],
  ])('may be short when it is a value of %s', (text, values, others) => {
    const own = createQuoteCheck({ truncated: false, sections: [{ title: 'result', text }] }, '', RULES);
    for (const value of values) expect(own.firstUnsupported([value])).toBeUndefined();
    for (const other of others) expect(own.firstUnsupported([other])).toMatch(/whole field value/);
  });

  it('voids the whole reply when one of several is unsupported, or when there are too few', () => {
    expect(why('refund of 41.50 EUR is on its way', 'nothing of the kind')).toMatch(/not in it/);
    expect(why()).toBe('expected at least 1 quotes, got 0');
  });

  it('holds for every piece of 12 characters or more', () => {
    const text = evidence.sections[2]?.text ?? '';
    fc.assert(
      fc.property(fc.nat(text.length - 14), fc.integer({ min: 14, max: text.length }), (start, length) => {
        const quote = text.slice(start, start + length);
        if (quote.trim().length >= 12) expect(why(quote)).toBeUndefined();
      }),
      { seed: 5 },
    );
  });
});

describe('the examples of every rubric', () => {
  const examples = loadRubrics(judgesConfig.parse({ rubricsDirectory: '' })).flatMap((rubric) =>
    rubric.examples.map((example) => ({ rubric, ...example })),
  );
  it.each(examples)('$name quotes its own evidence', ({ rubric, evidence: shown, reply }) => {
    const sections = shown.map(({ section, text }) => ({ title: section, text }));
    const own = createQuoteCheck({ sections, truncated: false }, rubricText(rubric), rubric.parameters);
    expect(own.firstUnsupported(reply.quotes)).toBeUndefined();
  });
});
