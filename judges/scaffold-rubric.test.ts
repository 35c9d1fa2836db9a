import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rubricText } from './build-prompt.js';
import { createQuoteCheck } from './quotes.js';
import { loadRubric } from './rubric.js';
import { scaffoldRubric } from './scaffold-rubric.js';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'assay-scaffold-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

describe('scaffoldRubric', () => {
  it('writes a folder that loads at once, and says which files', () => {
    const files = scaffoldRubric(join(directory, 'rubrics'), 'no-promises');
    expect(files.map((file) => relative(directory, file)).sort()).toEqual([
      'rubrics/no-promises/examples/fail-guaranteed-day.json',
      'rubrics/no-promises/examples/pass-expected-day.json',
      'rubrics/no-promises/output.schema.json',
      'rubrics/no-promises/prompt.md',
      'rubrics/no-promises/rubric.yaml',
    ]);
    expect(loadRubric(join(directory, 'rubrics'), 'no-promises')).toMatchObject({
      ...{ criterion: 'no-promises', version: '1.0.0', appliesTo: 'user-request' },
    });
  });

  it('writes examples whose quotes hold', () => {
    scaffoldRubric(directory, 'no-promises');
    const rubric = loadRubric(directory, 'no-promises');
    expect(rubric.examples).toHaveLength(2);
    for (const { evidence, reply } of rubric.examples) {
      const sections = evidence.map(({ section, text }) => ({ title: section, text }));
      const quotes = createQuoteCheck({ sections, truncated: false }, rubricText(rubric), rubric.parameters);
      expect(quotes.firstUnsupported(reply.quotes)).toBeUndefined();
    }
  });

  it('changes nothing that is there', () => {
    scaffoldRubric(directory, 'no-promises');
    expect(() => scaffoldRubric(directory, 'no-promises')).toThrow(
      /no-promises: expected no such folder yet, it is there; choose another name, or edit what is there/,
    );
  });

  it.each(['', 'No-Promises', '../outside', 'a/b', 'no_promises', '-x'])('refuses the name %j', (name) => {
    expect(() => scaffoldRubric(directory, name)).toThrow(
      expect.objectContaining({
        code: 'RUBRIC_INVALID',
        message: expect.stringContaining(`in kebab-case such as polite-tone, got ${JSON.stringify(name)}`) as string,
      }),
    );
    expect(readdirSync(directory)).toEqual([]);
  });
});
