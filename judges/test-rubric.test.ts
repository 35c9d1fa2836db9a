import { describe, expect, it } from 'vitest';
import type { Verdict } from '../core/verdict.js';
import { builtInRubrics } from './rubric-folder.js';
import { loadRubric } from './rubric.js';
import { testRubric } from './test-rubric.js';

const rubric = loadRubric(builtInRubrics(), 'tool-arguments');

const verdict = (change: Partial<Verdict>): Verdict =>
  ({ outcome: 'pass', explanation: 'So it is.', reason: '', votes: [{}], costMicroUsd: 1000, ...change }) as Verdict;

describe('testRubric', () => {
  it('has each example judged by a judge that was not shown it', async () => {
    const seen: { example: string; shown: readonly string[]; hash: string }[] = [];
    await testRubric(rubric, (evidence, asked) => {
      const example = rubric.examples.find(({ evidence: own }) => own[2]?.text === evidence.sections[2]?.text);
      seen.push({ example: example?.name ?? '', shown: asked.examples.map(({ name }) => name), hash: asked.hash });
      return Promise.resolve(verdict({}));
    });
    expect(seen.map(({ example, shown }) => [example, shown])).toEqual([
      ['fail-train-seat-wrong-train.json', ['pass-train-seat.json']],
      ['pass-train-seat.json', ['fail-train-seat-wrong-train.json']],
    ]);
    expect(new Set([...seen.map(({ hash }) => hash), rubric.hash]).size).toBe(3);
  });

  it('counts what came out right and wrong, in whose words and at what price', async () => {
    expect(await testRubric(rubric, () => Promise.resolve(verdict({})))).toEqual({
      ...{ rubric: 'tool-arguments', right: 1, wrong: 1, errors: 0, costMicroUsd: 2000 },
      results: [
        {
          example: 'fail-train-seat-wrong-train.json',
          expected: 'fail',
          got: 'pass',
          reason: 'So it is.',
          costMicroUsd: 1000,
        },
        { example: 'pass-train-seat.json', expected: 'pass', got: 'pass', reason: 'So it is.', costMicroUsd: 1000 },
      ],
    });
  });

  it.each([
    ['wrong', verdict({ outcome: 'abstain' })],
    ['errors', verdict({ outcome: 'error', explanation: '', reason: 'the provider said no' })],
    ['errors', verdict({ outcome: 'shed_budget', votes: [] })],
    ['errors', verdict({ outcome: 'abstain', explanation: '', reason: 'no judge model is configured', votes: [] })],
  ] as const)('counts as %s what is no pass and no fail: %o', async (as, answer) => {
    const outcome = await testRubric(rubric, () => Promise.resolve(answer));
    expect(outcome).toMatchObject({ right: 0, wrong: 0, errors: 0, [as]: 2 });
    expect(outcome.results[0]?.reason).not.toBe('');
  });
});
