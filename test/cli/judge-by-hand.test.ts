import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JudgePreview, Report, RubricTest, Why, WhyVerdict } from '../../app/index.js';
import { agentRun, traceIdOf } from '../../bench/agent-run.js';
import { runAssay, startAssayProcess, temporaryDirectory, type AssayProcess } from '../helpers/assay-process.js';
import { deliver } from '../helpers/deliver.js';
import { judgeArgs, startJudgeServer, type JudgeServer } from '../helpers/judge-server.js';

const TRACE = traceIdOf(1);

describe('judging by hand', { timeout: 180_000 }, () => {
  let judge: JudgeServer;
  let assay: AssayProcess;
  const folder = temporaryDirectory();
  const data = join(folder, 'data');

  beforeAll(async () => {
    judge = await startJudgeServer();
    // Without an unsuspected trace that the flow judges, so that every request is one that was asked for by hand.
    const sets = [
      'sampler.quietMs=200',
      'sampler.pi.unsuspected=0.000001',
      `judges.rubricsDirectory=${folder}/rubrics`,
    ];
    mkdirSync(join(folder, 'rubrics'));
    const args = [...judgeArgs(judge), ...sets.flatMap((set) => ['--set', set])];
    const started = await startAssayProcess({ data, args });
    assay = started;
    await deliver(() => started.url, agentRun({ number: 1 }), AbortSignal.timeout(10_000));
    await run('why', TRACE, '--wait');
  }, 180_000);
  afterAll(async () => {
    await assay.stop();
    await judge.close();
  }, 60_000);

  const run = (...args: readonly string[]) => runAssay([...args, '--data', data], { cwd: folder });
  const ask = async <T>(...args: readonly string[]): Promise<T> =>
    JSON.parse((await run(...args, '--json')).stdout) as T;

  it('--dry-run shows the exact prompt and the cost of every criterion that applies, and sends nothing', async () => {
    const preview = await ask<JudgePreview>('judge', TRACE, '--dry-run');
    expect(preview.model).toEqual({ provider: 'openai', name: 'scripted-judge', price: 'config' });
    expect(preview.prompts.map(({ criterion, applies }) => [criterion, applies])).toEqual([
      ['task-completion', true],
      ['tool-arguments', true],
    ]);
    for (const { user, costUsd, worstCaseUsd, inputTokens } of preview.prompts) {
      expect(user).toContain('<<<ASSAY-EVIDENCE');
      expect(inputTokens).toBeGreaterThan(100);
      expect(costUsd).toBeGreaterThan(0);
      expect(worstCaseUsd).toBeGreaterThan(costUsd ?? Infinity);
    }
    const shown = await run('judge', TRACE, '--dry-run');
    expect(shown.stdout).toContain('Nothing was sent.');
    expect(judge.requests()).toBe(0);
  });

  it('judges one criterion now, stores the answer, and lets it enter no rate', async () => {
    const before = await ask<Report>('report');
    const [verdict] = await ask<readonly WhyVerdict[]>('judge', TRACE, '--rubric', 'task-completion');
    expect(verdict).toMatchObject({ criterion: 'task-completion', outcome: 'pass', byHand: true, audit: true });
    expect(judge.requests()).toBe(2);
    await expect.poll(async () => (await ask<Why>('why', TRACE)).verdicts.length, { timeout: 20_000 }).toBe(1);
    const { spend, ...after } = await ask<Report>('report');
    const { spend: spentBefore, ...rates } = before;
    expect(after).toEqual(rates);
    expect(spend.usd).toBeGreaterThan(spentBefore.usd);
  });

  it('costs nothing the second time, unless it is asked afresh', async () => {
    const asked = judge.requests();
    const [again] = await ask<readonly WhyVerdict[]>('judge', TRACE, '--rubric', 'task-completion');
    // A small share of hits is judged all the same, to audit the cache.
    if (again?.cacheAudit === null)
      expect([again.fromCache, again.costUsd, judge.requests()]).toEqual([true, 0, asked]);
    const [fresh] = await ask<readonly WhyVerdict[]>('judge', TRACE, '--rubric', 'task-completion', '--fresh');
    expect(fresh).toMatchObject({ fromCache: false });
    expect(judge.requests()).toBeGreaterThan(asked);
  });

  it('exits 1 when a criterion failed, and 3 when no answer could be had', async () => {
    judge.behave(() => ({ verdict: 'fail' }));
    expect((await run('judge', TRACE, '--rubric', 'tool-arguments', '--fresh')).code).toBe(1);
    judge.behave(() => ({ status: 401, body: '{"error":{"message":"Incorrect API key"}}' }));
    const refused = await run('judge', TRACE, '--rubric', 'tool-arguments', '--fresh');
    expect(refused.code).toBe(3);
    expect(refused.stdout).toContain('401');
    judge.behave(() => ({}));
  });

  it('refuses a rubric and a trace that are not there, by name', async () => {
    const rubric = await run('judge', TRACE, '--rubric', 'nope', '--dry-run');
    expect([rubric.code, rubric.stderr]).toEqual([2, expect.stringContaining('task-completion, tool-arguments')]);
    const trace = await run('judge', 'ffffffff', '--dry-run');
    expect([trace.code, trace.stderr]).toEqual([1, expect.stringContaining('none for ffffffff')]);
  });

  it("writes a rubric of one's own that can be tested at once, and says of a bad one that it is", async () => {
    const made = await run('rubric', 'new', 'no-promises', '--set', `judges.rubricsDirectory=${folder}/rubrics`);
    expect(made.code).toBe(0);
    judge.behave(({ prompt }) => ({
      verdict: isPromise(prompt) ? 'fail' : 'pass',
      quote: QUESTION,
    }));
    const sets = ['--set', `judges.rubricsDirectory=${folder}/rubrics`];
    const good = await ask<RubricTest>('rubric', 'test', 'no-promises', ...sets);
    expect(good).toMatchObject({ right: 2, wrong: 0, errors: 0, model: 'scripted-judge' });
    expect(good.costUsd).toBeGreaterThan(0);
    // A judge that does the opposite of what the examples say, as it does under a prompt that says the opposite.
    judge.behave(({ prompt }) => ({
      verdict: isPromise(prompt) ? 'pass' : 'fail',
      quote: QUESTION,
    }));
    const bad = await run('rubric', 'test', 'no-promises', ...sets);
    expect(bad.code).toBe(1);
    expect(bad.stdout).toContain('0 of 2 right, 2 wrong');
    judge.behave(() => ({}));
  });

  it('names file and key of a rubric that is broken', async () => {
    const file = join(folder, 'rubrics', 'no-promises', 'rubric.yaml');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('version: 1.0.0', 'version: newest'));
    const sets = ['--set', `judges.rubricsDirectory=${folder}/rubrics`];
    const broken = await run('rubric', 'test', 'no-promises', ...sets);
    expect(broken.code).toBe(2);
    expect(broken.stderr).toMatch(/rubric\.yaml: version: expected a version such as 1\.0\.0/);
    writeFileSync(file, text);
  });
});

describe('without a running Assay', { timeout: 180_000 }, () => {
  it('a rubric is tested all the same, and what it cost is kept for the next start', async () => {
    const judge = await startJudgeServer();
    const data = join(temporaryDirectory(), 'data');
    judge.behave(({ prompt }) => ({ verdict: /15:00/.test(evidenceOf(prompt)) ? 'fail' : 'pass' }));
    const { code, stdout } = await runAssay([
      'rubric',
      'test',
      'tool-arguments',
      '--data',
      data,
      ...judgeArgs(judge),
      '--json',
    ]);
    const test = JSON.parse(stdout) as RubricTest;
    expect(test.results.length).toBeGreaterThanOrEqual(2);
    expect(test.right + test.wrong + test.errors).toBe(test.results.length);
    expect(code).toBe(test.wrong > 0 ? 1 : test.errors > 0 ? 3 : 0);
    expect(judge.requests()).toBeGreaterThan(0);
    await judge.close();
  });

  it('says that there is no judge model when none is configured', async () => {
    const data = join(temporaryDirectory(), 'data');
    const { code, stdout } = await runAssay(['rubric', 'test', 'task-completion', '--data', data]);
    expect(code).toBe(3);
    expect(stdout).toContain('no judge model is configured');
  });
});

/** What the user asks in the examples of a rubric that was just written. */
const QUESTION = 'When will my lamp arrive?';

function isPromise(prompt: string): boolean {
  return /be there on Tuesday, guaranteed/.test(evidenceOf(prompt));
}

/** What the judge was to judge, without the rubric's own examples. */
function evidenceOf(prompt: string): string {
  return prompt.slice(prompt.lastIndexOf('<<<ASSAY-EVIDENCE'));
}
