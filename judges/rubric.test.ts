import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Stratum } from '../core/decision.js';
import type { Trajectory } from '../core/trajectory.js';
import { judgeHash } from './judge-hash.js';
import { builtInRubrics } from './rubric-folder.js';
import { loadRubric, type Rubric } from './rubric.js';

let directory: string;
const path = (...parts: string[]) => join(directory, 'task-completion', ...parts);
const edit = (file: string, change: (text: string) => string) => {
  writeFileSync(path(file), change(readFileSync(path(file), 'utf8')));
};

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'assay-rubrics-'));
  cpSync(builtInRubrics(), directory, { recursive: true });
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

const load = (): Rubric => loadRubric(directory, 'task-completion');

describe('loadRubric', () => {
  it('reads a rubric that comes with Assay, with a pass and a fail example', () => {
    const rubric = load();
    expect(rubric).toMatchObject({ criterion: 'task-completion', version: '1.0.0', appliesTo: 'always' });
    expect(rubric.examples.map(({ reply }) => reply.verdict).sort()).toEqual(['fail', 'pass']);
    expect(rubric.rule.applies({} as Trajectory)).toBe(true);
  });

  it('asks for the explanation before the verdict', () => {
    expect(Object.keys(load().schema['properties'] as object)).toEqual([
      'explanation',
      'quotes',
      'verdict',
      'confidence',
    ]);
  });

  it('applies to traces with a user request only, where it says so', () => {
    edit('rubric.yaml', (text) => text.replace('appliesTo: always', 'appliesTo: user-request'));
    const { rule } = load();
    expect([rule.applies({ input: 'hi' } as Trajectory), rule.applies({ input: ' ' } as Trajectory)]).toEqual([
      true,
      false,
    ]);
  });

  it.each(['rubric.yaml', 'prompt.md', 'output.schema.json', 'examples/pass-room-booking.json'])(
    'has another hash when %s changes',
    (file) => {
      const before = load().hash;
      edit(file, (text) => `${text}\n`);
      expect(load().hash).not.toBe(before);
    },
  );

  it('has the same hash wherever it lies and however its lines end', () => {
    edit('prompt.md', (text) => text.replaceAll('\n', '\r\n'));
    expect(load().hash).toBe(loadRubric(builtInRubrics(), 'task-completion').hash);
  });

  it.each([
    ['rubric.yaml', 'version: 1.0.0', 'version: one', /rubric\.yaml: version: expected a version such as 1\.0\.0/],
    ['rubric.yaml', 'version:', 'versoin:', /rubric\.yaml: .*(version|versoin)/],
    [
      'rubric.yaml',
      'criterion: task-completion',
      'criterion: other',
      /criterion: expected the name of its folder, task-completion/,
    ],
    ['rubric.yaml', 'question:', '\tquestion:', /rubric\.yaml: /],
    [
      'output.schema.json',
      '"explanation"',
      '"why"',
      /properties: expected exactly explanation, quotes, verdict, confidence/,
    ],
    ['output.schema.json', '"additionalProperties": false', '"additionalProperties": true', /additionalProperties/],
    ['output.schema.json', '{', '', /output\.schema\.json: /],
    [
      'examples/pass-room-booking.json',
      '"verdict": "pass"',
      '"verdict": "fail"',
      /expected what the file's name begins with/,
    ],
  ])('refuses %s with %s changed to %s, naming file and key', (...[file, from, to, message]) => {
    edit(file, (text) => text.replace(from, to));
    expect(load).toThrow(
      expect.objectContaining({ code: 'RUBRIC_INVALID', message: expect.stringMatching(message) as string }),
    );
  });

  it('applies to traces with a tool call only, carried out or just asked for, where it says so', () => {
    edit('rubric.yaml', (text) => text.replace('appliesTo: always', 'appliesTo: tool-call'));
    const { applies } = load().rule;
    const holds = (...steps: object[]) => applies({ steps } as unknown as Trajectory);
    expect(holds({ kind: 'model' }, { kind: 'tool' })).toBe(true);
    expect(holds({ kind: 'model', toolCalls: [{ name: 'refund', arguments: '{}' }] })).toBe(true);
    expect(holds({ kind: 'model', toolCalls: [] }, { kind: 'retrieval' })).toBe(false);
    expect(holds()).toBe(false);
  });

  it('refuses a rubric without a failing example, and one that is not there', () => {
    rmSync(path('examples', 'fail-room-booking-wrong-hour.json'));
    expect(load).toThrow(/expected an example of a fail/);
    rmSync(path(), { recursive: true });
    expect(load).toThrow(/task-completion.rubric\.yaml: expected a readable file/);
  });
});

describe('judgeHash', () => {
  const base = {
    votes: 3,
    repairAttempts: 1,
    evidenceTokens: 6000,
    parameters: { temperature: 0.3, maxOutputTokens: 800 },
    models: ['openai/a', 'openai/b'],
  };

  it('is another for another rubric, ladder, parameter or set of models', () => {
    const rubric = load();
    const hashes = [
      judgeHash({ rubric, ...base }),
      judgeHash({ rubric: { ...rubric, hash: 'other' }, ...base }),
      judgeHash({ rubric, ...base, votes: 1 }),
      judgeHash({ rubric, ...base, evidenceTokens: 500 }),
      judgeHash({ rubric, ...base, parameters: { maxOutputTokens: 800 } }),
      judgeHash({ rubric, ...base, parameters: { temperature: 0, maxOutputTokens: 800 } }),
      judgeHash({ rubric, ...base, models: ['openai/a'] }),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('stays what it was before there was a second judge where there is none, so that nothing is judged again', () => {
    const rubric = { hash: 'r' } as Rubric;
    expect(judgeHash({ rubric, ...base, models: ['openai/gpt-6-luna'] })).toBe('ca87c76a5ae17e45b4d566e7e781037f');
  });

  it('is another with a second judge, and does not depend on the order or repetition of its strata', () => {
    const rubric = load();
    const hashOf = (...strata: Stratum[]): string =>
      judgeHash({ rubric, ...base, confirm: { model: 'anthropic/c', parameters: { maxOutputTokens: 800 }, strata } });
    expect(new Set([judgeHash({ rubric, ...base }), hashOf('unsuspected'), hashOf('suspected')]).size).toBe(3);
    expect(hashOf('suspected', 'unsuspected', 'suspected')).toBe(hashOf('unsuspected', 'suspected'));
  });

  it('does not depend on the order of the models', () => {
    const rubric = load();
    expect(judgeHash({ rubric, ...base, models: ['openai/b', 'openai/a'] })).toBe(judgeHash({ rubric, ...base }));
  });
});
