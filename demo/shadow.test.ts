import { describe, expect, it } from 'vitest';
import type { PromptRow } from '../app/index.js';
import { builtInRubrics, loadRubric } from '../judges/index.js';
import { scriptedVerdict } from './scripted-model/index.js';
import { judgeEverything, judgeTrace } from './shadow.js';

const { prompt: system } = loadRubric(builtInRubrics(), 'task-completion');

function row(order: number, refunded: number, settled: PromptRow['settled'] = []): PromptRow {
  const id = `R-${4_000_000 + order}`;
  const sections = [
    { section: 'user request', text: `Order ${id}: the teapot arrived broken. Could you return $48.20 to my card?` },
    {
      section: 'step 1: tool',
      text: `name: issue_refund\narguments: {"order_id":"${id}","amount":${refunded}}\nresult: {"refunded":"${refunded}"}`,
    },
    { section: 'final answer', text: 'Done.' },
  ];
  const user = ['Question: done?', ...sections.map((section) => JSON.stringify(section))].join('\n');
  const prompts = [{ criterion: 'task-completion', system, user }];
  return { traceId: String(order).padStart(32, '0'), service: 's', release: '1.0', settled, prompts };
}

const failed = { criterion: 'task-completion', outcome: 'fail', check: 'some-check' } as const;

describe('judgeTrace', () => {
  it('takes what a check settled and asks no judge about it', () => {
    const good = Array.from({ length: 50 }, (_, order) => judgeTrace(row(order, 48.2, [failed]), 1));
    expect(new Set(good)).toEqual(new Set(['failed']));
  });

  it('says what the majority of the first three votes says', () => {
    for (let order = 0; order < 300; order += 1) {
      const trace = row(order, order % 2 === 0 ? 48.2 : 48.02);
      const [prompt] = trace.prompts;
      const votes = prompt ? [1, 2, 3].map((vote) => scriptedVerdict(prompt, vote, 1).verdict) : [];
      const passes = votes.filter((vote) => vote === 'pass').length;
      expect(judgeTrace(trace, 1)).toBe(passes >= 2 ? 'passed' : 'failed');
    }
  });
});

describe('judgeEverything', () => {
  it('pages through all traces and counts them by release', async () => {
    const rows = [
      ...Array.from({ length: 700 }, (_, order) => row(order, 48.2)),
      ...Array.from({ length: 500 }, (_, order) => ({ ...row(1_000 + order, 12), release: '1.1' })),
    ];
    const prompts = (after: string, limit: number) =>
      Promise.resolve(rows.filter(({ traceId }) => traceId > after).slice(0, limit));
    const counts = await judgeEverything({ prompts }, 1);
    const before = counts.get('1.0');
    const after = counts.get('1.1');
    expect((before?.passed ?? 0) + (before?.failed ?? 0)).toBe(700);
    expect((after?.passed ?? 0) + (after?.failed ?? 0)).toBe(500);
    expect((before?.passed ?? 0) / 700).toBeGreaterThan(0.95);
    expect((after?.failed ?? 0) / 500).toBeGreaterThan(0.9);
  });
});
