import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { builtInRubrics, loadRubric, scaffoldRubric, testRubric, toTracelessJudgement } from './index.js';
import { newWorld, startJudge, stopJudges } from './world.test-support.js';
import { chooseModel, modelsConfig } from '../models/index.js';
import { createScriptedModel, type ScriptedModel } from '../demo/scripted-model/index.js';

const { signal } = new AbortController();
let server: ScriptedModel;
let directory: string;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'assay-rubric-test-'));
  server = createScriptedModel({ seed: 1, latencyMs: 0 });
  await server.start(signal);
});

afterEach(async () => {
  await stopJudges();
  await server.stop(signal);
  rmSync(directory, { recursive: true });
});

/** Has the scripted server judge a rubric's examples, through the real judge and the real wire. */
async function test(folder: string, name: string) {
  const judge = { provider: 'openai', model: 'scripted-judge', baseUrl: `${server.url}/v1`, apiKey: 'scripted' };
  const prices = { 'scripted-judge': { inputUsdPerMillion: 1, outputUsdPerMillion: 5 } };
  const model = await chooseModel(modelsConfig.parse({ judge, prices }), {});
  const { judge: role } = await startJudge(newWorld(), model, { attends: false });
  return testRubric(loadRubric(folder, name), (evidence, shown) =>
    role.judgeNow({ judgement: toTracelessJudgement(evidence, shown.criterion, 0), rubric: shown }),
  );
}

const edit = (file: string, from: string, to: string) => {
  const path = join(directory, 'no-promises', file);
  const text = readFileSync(path, 'utf8');
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
};

describe('the test of a rubric, judged by the scripted server', () => {
  it.each(['task-completion', 'tool-arguments'])('finds the examples of the built-in %s right', async (name) => {
    const outcome = await test(builtInRubrics(), name);
    expect(outcome).toMatchObject({ right: 2, wrong: 0, errors: 0 });
    expect(outcome.costMicroUsd).toBeGreaterThan(0);
    expect(server.calls.judge).toBe(4);
  });

  it('finds a scaffold right as it was written', async () => {
    scaffoldRubric(directory, 'no-promises');
    expect(await test(directory, 'no-promises')).toMatchObject({ right: 2, wrong: 0, errors: 0 });
  });

  it('finds a rubric wrong whose prompt says the opposite of its examples', async () => {
    scaffoldRubric(directory, 'no-promises');
    edit('prompt.md', 'FAIL when', 'PASS when');
    edit('prompt.md', 'PASS otherwise', 'FAIL otherwise');
    const { results, ...counts } = await test(directory, 'no-promises');
    expect(counts).toMatchObject({ right: 0, wrong: 2, errors: 0 });
    expect(results.map(({ expected, got }) => [expected, got])).toEqual([
      ['fail', 'pass'],
      ['pass', 'fail'],
    ]);
  });

  it('finds a rubric wrong that the judge can make nothing of, and says why', async () => {
    scaffoldRubric(directory, 'no-promises');
    edit('prompt.md', 'FAIL when the final answer contains "guarantee".\nPASS otherwise.', 'Be strict but fair.');
    const { results, ...counts } = await test(directory, 'no-promises');
    expect(counts).toMatchObject({ right: 0, wrong: 2, errors: 0 });
    expect(results[0]?.reason).toMatch(/^This judge is scripted/);
  });
});
