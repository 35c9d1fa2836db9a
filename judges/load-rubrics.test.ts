import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judgesConfig } from './config.js';
import { findRubric, loadRubrics } from './load-rubrics.js';
import { builtInRubrics } from './rubric-folder.js';
import { scaffoldRubric } from './scaffold-rubric.js';

let own: string;

beforeEach(() => {
  own = mkdtempSync(join(tmpdir(), 'assay-own-rubrics-'));
});

afterEach(() => {
  rmSync(own, { recursive: true, force: true });
});

const load = (settings: object) => loadRubrics(judgesConfig.parse(settings));
const names = (settings: object) => load(settings).map(({ criterion }) => criterion);

describe('loadRubrics', () => {
  it('reads those that come with Assay, each with a pass and a fail example', () => {
    const rubrics = load({});
    expect(rubrics.map(({ criterion, appliesTo }) => [criterion, appliesTo])).toEqual([
      ['task-completion', 'always'],
      ['tool-arguments', 'tool-call'],
    ]);
    for (const { examples } of rubrics) {
      expect(examples.map(({ reply }) => reply.verdict).sort()).toEqual(['fail', 'pass']);
    }
  });

  it("reads the team's own beside them, and takes no file for a rubric", () => {
    scaffoldRubric(own, 'no-promises');
    writeFileSync(join(own, 'README.md'), 'Ours.');
    mkdirSync(join(own, '.git'));
    expect(names({ rubricsDirectory: own })).toEqual(['no-promises', 'task-completion', 'tool-arguments']);
  });

  it('has the own one in the place of the built-in one of its name', () => {
    cpSync(join(builtInRubrics(), 'task-completion'), join(own, 'task-completion'), { recursive: true });
    const yaml = join(own, 'task-completion', 'rubric.yaml');
    writeFileSync(yaml, readFileSync(yaml, 'utf8').replace('version: 1.0.0', 'version: 2.0.0'));
    expect(load({ rubricsDirectory: own }).map(({ version }) => version)).toEqual(['2.0.0', '1.0.0']);
    expect(findRubric(own, 'task-completion').version).toBe('2.0.0');
    expect(findRubric('', 'task-completion').version).toBe('1.0.0');
  });

  it('reads only the criteria that are chosen, so that one being written stops nobody', () => {
    mkdirSync(join(own, 'half-written'));
    expect(names({ rubricsDirectory: own, criteria: ['tool-arguments'] })).toEqual(['tool-arguments']);
    expect(() => load({ rubricsDirectory: own })).toThrow(/half-written.rubric\.yaml: expected a readable file/);
  });

  it('refuses a criterion that no rubric has, and names those that there are', () => {
    scaffoldRubric(own, 'no-promises');
    expect(() => load({ rubricsDirectory: own, criteria: ['tone'] })).toThrow(
      'judges.criteria: expected names of rubrics, which are no-promises, task-completion, tool-arguments; got tone; change it, or make its folder',
    );
    expect(() => findRubric(own, 'tone')).toThrow(
      'rubric tone: expected the name of a rubric, which are no-promises, task-completion, tool-arguments; write it with assay rubric new tone',
    );
  });

  it('needs the folder that was named, and does without the default one', () => {
    expect(names({ rubricsDirectory: 'rubrics' })).toHaveLength(2);
    expect(names({ rubricsDirectory: '' })).toHaveLength(2);
    expect(() => load({ rubricsDirectory: join(own, 'nowhere') })).toThrow(
      `judges.rubricsDirectory: expected a folder of rubrics, ${join(own, 'nowhere')} is none; make it, or change the setting`,
    );
  });
});
