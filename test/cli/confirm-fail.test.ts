import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JudgePreview, Report, Why } from '../../app/index.js';
import { agentRun, traceIdOf } from '../../bench/agent-run.js';
import { verdictReply } from '../../bench/verdict-reply.js';
import {
  askAssay,
  runAssay,
  startAssayProcess,
  temporaryDirectory,
  type AssayProcess,
} from '../helpers/assay-process.js';
import { deliver } from '../helpers/deliver.js';
import { judgeArgs, startJudgeServer, type JudgeServer } from '../helpers/judge-server.js';
import { until } from '../helpers/until.js';

const TRACE = traceIdOf(1);

describe('a fail that a second judge does not confirm', { timeout: 120_000 }, () => {
  let first: JudgeServer;
  let second: JudgeServer;
  let assay: AssayProcess;
  const data = join(temporaryDirectory(), 'data');

  beforeAll(async () => {
    first = await startJudgeServer();
    second = await startJudgeServer();
    first.behave(() => ({ verdict: 'fail' }));
    second.behave(({ prompt }) => ({
      body: verdictReply(prompt, 'pass').replaceAll('scripted-judge', 'second-judge'),
    }));
    const sets = [
      'sampler.quietMs=200',
      'sampler.pi.unsuspected=1',
      'models.confirm.provider=openai',
      'models.confirm.model=second-judge',
      `models.confirm.baseUrl=${second.baseUrl}`,
      'models.prices.second-judge={inputUsdPerMillion: 1, outputUsdPerMillion: 5}',
      'judges.criteria=[task-completion]',
    ];
    const started = await startAssayProcess({
      data,
      args: [...judgeArgs(first), ...sets.flatMap((set) => ['--set', set])],
    });
    assay = started;
    await deliver(() => started.url, agentRun({ number: 1 }), AbortSignal.timeout(10_000));
  }, 120_000);
  afterAll(async () => {
    await assay.stop();
    await first.close();
    await second.close();
  }, 60_000);

  it('is stored as a pass that is disputed, and why shows what each model said', async () => {
    const why = await until(
      () => askAssay<Why>(data, 'why', TRACE, '--wait'),
      ({ verdicts }) => verdicts.length === 1,
    );
    const [verdict] = why.verdicts;
    expect(why.decision?.stratum).toBe('unsuspected');
    expect(verdict).toMatchObject({ outcome: 'pass', disputed: true, model: 'second-judge', confidence: 1 / 3 });
    expect(verdict?.votes.map(({ model, outcome, confirms }) => [model, outcome, confirms])).toEqual([
      ['scripted-judge', 'fail', false],
      ['scripted-judge', 'fail', false],
      ['second-judge', 'pass', true],
    ]);
    const { stdout } = await runAssay(['why', TRACE, '--data', data]);
    expect(stdout).toMatch(/vote 1 {2}fail 0\.90 {2}scripted-judge: .*\n.*\n *second {2}pass 0\.90 {2}second-judge: /);
    expect([first.requests(), second.requests()]).toEqual([2, 1]);
  });

  it('is paid for at the price of each model', async () => {
    // 400 tokens in and 40 out a call: $0.00006 with the first, $0.0006 with the second.
    const { spend } = await until(
      () => askAssay<Report>(data, 'report'),
      ({ spend: { calls } }) => calls === 3,
    );
    expect(spend.usd).toBeCloseTo(2 * 0.00006 + 0.0006, 9);
  });

  it('was announced with both models before the first call, and is previewed with what it would cost', async () => {
    expect(assay.output()).toMatch(
      /Judging with openai model scripted-judge .*; fails of unsuspected traces go to openai model second-judge/,
    );
    const preview = await askAssay<JudgePreview>(data, 'judge', TRACE, '--dry-run');
    expect(preview.confirm).toEqual({ provider: 'openai', name: 'second-judge', price: 'config' });
    const { costUsd, confirm } = preview.prompts[0]!;
    expect(confirm?.costUsd).toBeCloseTo((costUsd ?? 0) * 10, 9);
    const { stdout } = await runAssay(['judge', TRACE, '--dry-run', '--data', data]);
    expect(stdout).toContain('a fail is confirmed by openai second-judge');
  });
});
