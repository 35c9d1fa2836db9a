import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packageRoot } from '../core/package-root.js';
import type { Trajectory } from '../core/trajectory.js';
import { judgeHash } from './judge-hash.js';
import { loadRubrics, type Rubric } from './rubric.js';

let directory: string;
const path = (...parts: string[]) => join(directory, 'task-completion', ...parts);
const edit = (file: string, change: (text: string) => string) => {
  writeFileSync(path(file), change(readFileSync(path(file), 'utf8')));
};

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'assay-rubrics-'));
  cpSync(join(packageRoot(), 'judges', 'rubrics'), directory, { recursive: true });
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

const load = (): Rubric => loadRubrics(directory)[0]!;

describe('loadRubrics', () => {
  it('reads the rubrics that come with Assay, each with a pass and a fail example', () => {
    const [rubric] = loadRubrics();
    expect(rubric).toMatchObject({ criterion: 'task-completion', version: '1.0.0', appliesTo: 'always' });
    expect(rubric?.examples.map(({ reply }) => reply.verdict).sort()).toEqual(['fail', 'pass']);
    expect(rubric?.rule.applies({} as Trajectory)).toBe(true);
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
    expect(load().hash).toBe(loadRubrics()[0]?.hash);
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

  it('refuses a rubric without a failing example, and a folder without rubrics', () => {
    rmSync(path('examples', 'fail-room-booking-wrong-hour.json'));
    expect(load).toThrow(/expected an example of a fail/);
    rmSync(path(), { recursive: true });
    expect(load).toThrow(/expected at least one rubric folder/);
    expect(() => loadRubrics(join(directory, 'nowhere'))).toThrow(/expected a readable folder/);
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

  it('does not depend on the order of the models', () => {
    const rubric = load();
    expect(judgeHash({ rubric, ...base, models: ['openai/b', 'openai/a'] })).toBe(judgeHash({ rubric, ...base }));
  });
});
