import { describe, expect, it } from 'vitest';
import type { AdversarialCase } from '../../core/adversarial-case.js';
import type { JudgedAnswer } from './api.js';
import { readCases } from './read-cases.js';
import { runSet, type RunDeps } from './run-set.js';

function caseOf(number: number, changes: Partial<AdversarialCase> = {}): AdversarialCase {
  return {
    ...{ caseId: `case-${number}`, tenant: 'default', origin: 'command', traceId: '', criterion: '' },
    ...{ input: `ask ${number}`, contains: 'Done', lacks: '', matches: '', pattern: '', note: '' },
    ...{ addedBy: 'ana', addedAtMs: 0 },
    ...changes,
  };
}

const OPTIONS = { endpoint: 'http://agent.test/', headers: {}, concurrency: 3, timeoutMs: 1_000, floor: 0.85 };

function deps(answer: (input: string) => Response | Error, changes: Partial<RunDeps> = {}): RunDeps {
  return {
    fetch: async (_, { body }) => {
      const given = answer((JSON.parse(body as string) as { input: string }).input);
      if (given instanceof Error) throw given;
      return given;
    },
    nowMs: () => 0,
    signal: new AbortController().signal,
    judge: () => Promise.reject(new Error('nobody judges here')),
    progress: () => undefined,
    ...changes,
  };
}

const said = (output: string): Response => Response.json({ output });
const cases = (count: number): readonly AdversarialCase[] => Array.from({ length: count }, (_, at) => caseOf(at));

describe('a run of the adversarial set', () => {
  it('is held by 19 passes of 19, as Clopper and Pearson have it, and by 18 not yet', async () => {
    expect(
      await runSet(
        cases(18),
        OPTIONS,
        deps(() => said('done')),
      ),
    ).toMatchObject({
      ...{ state: 'not_enough', passed: 18, passesNeeded: 1 },
    });
    const held = await runSet(
      cases(19),
      OPTIONS,
      deps(() => said('done')),
    );
    expect(held).toMatchObject({ state: 'held', passed: 19, failed: 0, passesNeeded: 0 });
    // .05 to the power of 1/19.
    expect(held.lowerBound).toBeCloseTo(0.854_13, 5);
  });

  it('is broken by an agent that fails half of it', async () => {
    const report = await runSet(
      cases(40),
      OPTIONS,
      deps((input) => said(Number(input.slice(4)) % 2 ? 'done' : 'no')),
    );
    expect(report).toMatchObject({ state: 'broken', passed: 20, failed: 20, passesNeeded: null });
    expect(report.evidence).toBeGreaterThanOrEqual(20);
  });

  it('counts only what was answered and could be judged, and says of the rest why', async () => {
    const set = [
      caseOf(0, { contains: '', lacks: 'secret', matches: '^ok' }),
      caseOf(1, { contains: '', lacks: 'secret' }),
      caseOf(2, { contains: '', matches: '^ok$' }),
      caseOf(3, { contains: '' }),
      caseOf(4, { contains: '', criterion: 'polite' }),
      caseOf(5, { input: '' }),
      caseOf(6),
      caseOf(7),
      caseOf(8, { contains: '', criterion: 'right' }),
    ];
    const answers = new Map<string, Response | Error>([
      ['ask 0', said('ok so')],
      ['ask 1', said('the SECRET')],
      ['ask 2', said('ok so')],
      ['ask 3', said('x')],
      ['ask 4', said('x')],
      ['ask 6', new Response('overloaded', { status: 503 })],
      ['ask 7', Response.json({ answer: 1 })],
      ['ask 8', new Response('plain', { headers: { 'content-type': 'text/plain' } })],
    ]);
    const asked: string[] = [];
    const report = await runSet(set, OPTIONS, {
      ...deps((input) => answers.get(input)!),
      judge: async ({ criterion, output }) => {
        asked.push(`${criterion} ${output}`);
        if (criterion === 'right')
          return { outcome: 'fail', explanation: 'it is wrong', reason: '' } satisfies JudgedAnswer;
        return { outcome: 'abstain', explanation: '', reason: 'no judge model' } satisfies JudgedAnswer;
      },
    });
    expect(report.cases.map(({ outcome, reason }) => `${outcome}: ${reason}`)).toEqual([
      'pass: ',
      'fail: it contains “secret”',
      'fail: it does not match /^ok$/',
      'unjudged: neither an expectation nor a criterion',
      'unjudged: no judge model',
      'unanswered: nothing to ask: its trace is gone, or held no request',
      'unanswered: expected 2xx, got 503: overloaded',
      'unanswered: expected a JSON object whose output is a text, got {"answer":1}',
      'fail: it is wrong',
    ]);
    expect(report).toMatchObject({ passed: 1, failed: 3, unanswered: 3, unjudged: 2, state: 'not_enough' });
    expect(asked.sort()).toEqual(['polite x', 'right plain']);
    expect(report.unreachable).toBe(false);
  });

  it('says that nothing answers where nobody does, and asks no more at once than it may', async () => {
    const gone = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    expect(
      await runSet(
        cases(5),
        OPTIONS,
        deps(() => gone),
      ),
    ).toMatchObject({ unreachable: true, unanswered: 5 });
    expect(
      await runSet(
        [],
        OPTIONS,
        deps(() => gone),
      ),
    ).toMatchObject({ unreachable: false, state: 'not_enough' });
    let [open, most] = [0, 0];
    const done: number[] = [];
    await runSet(cases(20), OPTIONS, {
      ...deps(() => said('done')),
      fetch: async () => {
        most = Math.max(most, (open += 1));
        await Promise.resolve();
        open -= 1;
        return said('done');
      },
      progress: (number) => done.push(number),
    });
    expect(most).toBe(3);
    expect(done).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
  });
});

it('reads cases from lines, and names the first that is none', () => {
  expect(readCases('\n{"input": "x", "lacks": "y"}\n', 'c')).toEqual([{ input: 'x', lacks: 'y' }]);
  expect(() => readCases('{"input": "x"}\n{"lacks": "y"}', 'cases.jsonl')).toThrow(
    /at cases\.jsonl:2, such as .*expected input, or traceId; nothing was added/,
  );
  expect(() => readCases('{"input": "x", "answer": "y"}', 'c')).toThrow('answer');
  expect(() => readCases('nothing', 'c')).toThrow('c:1');
});
