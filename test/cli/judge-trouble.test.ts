import { afterEach, describe, expect, it } from 'vitest';
import type { Report, TraceRow, Why } from '../../app/index.js';
import { agentRun, traceIdOf } from '../../bench/agent-run.js';
import { askAssay, startAssayProcess, temporaryDirectory, type AssayProcess } from '../helpers/assay-process.js';
import { deliver } from '../helpers/deliver.js';
import { judgeArgs, startJudgeServer, type JudgeBehaviour, type JudgeServer } from '../helpers/judge-server.js';
import { until } from '../helpers/until.js';

const TRACES = 3;

describe('no trace is called failed because a judge was', () => {
  let assay: AssayProcess | undefined;
  let judge: JudgeServer | undefined;
  afterEach(async () => {
    await assay?.stop();
    await judge?.close();
  });

  /** Sends three traces to an Assay whose judge behaves so, with few and quick retries. */
  async function judged(behaviour: JudgeBehaviour, more: readonly string[] = []): Promise<string> {
    judge = await startJudgeServer();
    judge.behave(() => behaviour);
    return send([...judgeArgs(judge), ...more]);
  }

  async function send(args: readonly string[]): Promise<string> {
    const data = temporaryDirectory();
    const quick = [
      'sampler.quietMs=200',
      'sampler.pi.unsuspected=1',
      'judges.maxAttempts=2',
      'judges.backoffMs=20',
      'judges.giveUpAfterMs=4000',
    ];
    const started = await startAssayProcess({ data, args: [...quick.flatMap((set) => ['--set', set]), ...args] });
    assay = started;
    for (let number = 0; number < TRACES; number += 1) {
      await deliver(() => started.url, agentRun({ number }), AbortSignal.timeout(10_000));
    }
    return data;
  }

  async function reportWhen(data: string, holds: (report: Report) => boolean): Promise<Report> {
    return until(() => askAssay<Report>(data, 'report'), holds);
  }

  const troubles: readonly { readonly title: string; readonly behaviour: JudgeBehaviour; readonly reason: RegExp }[] = [
    {
      title: 'a wrong key',
      behaviour: { status: 401, body: '{"error":{"message":"Incorrect API key"}}' },
      reason: /401/,
    },
    { title: 'a provider that answers 500', behaviour: { status: 500, body: '{}' }, reason: /500/ },
    { title: 'garbage', behaviour: { body: '{"choices":[{"message":{"content":"no JSON' }, reason: /./ },
    { title: 'prose in place of a verdict', behaviour: { body: prose('I think it went well.') }, reason: /./ },
    { title: '429 for ever', behaviour: { status: 429, headers: { 'retry-after': '0' }, body: '{}' }, reason: /429/ },
  ];
  it.each(troubles)(
    '$title: each verdict is an error that says why',
    { timeout: 90_000 },
    async ({ behaviour, reason }) => {
      const data = await judged(behaviour);
      const report = await reportWhen(data, ({ coverage }) => coverage.judge_error === TRACES);
      expect(report.releases[0]).toMatchObject({ traces: TRACES, judged: 0, passRate: null, unansweredShare: 1 });
      expect(await askAssay<TraceRow[]>(data, 'traces', '--failed')).toEqual([]);
      expect(await askAssay<TraceRow[]>(data, 'traces', '--errors')).toHaveLength(TRACES);
      // One error is the outcome already; the verdict on the other criterion may come a moment later.
      const why = await until(
        () => askAssay<Why>(data, 'why', traceIdOf(0)),
        ({ verdicts }) => verdicts.length === 2,
      );
      expect(why.outcome).toBe('judge_error');
      // The second built-in criterion applies as well, as the run called tools.
      expect(why.verdicts.map(({ criterion }) => criterion).sort()).toEqual(['task-completion', 'tool-arguments']);
      for (const verdict of why.verdicts) {
        expect(verdict.outcome).toBe('error');
        expect(verdict.reason).toMatch(reason);
      }
    },
  );

  it('a model slower than its time limit: an error, and the calls are charged', { timeout: 90_000 }, async () => {
    const data = await judged({ latencyMs: 3_000 }, ['--set', 'models.judge.timeoutMs=150']);
    const report = await reportWhen(data, ({ coverage }) => coverage.judge_error === TRACES);
    expect(report.spend.usd).toBeGreaterThan(0);
    expect(await askAssay<TraceRow[]>(data, 'traces', '--failed')).toEqual([]);
  });

  it('an endpoint that is down: the traces wait, and are judged once it is back', { timeout: 90_000 }, async () => {
    const gone = await startJudgeServer();
    const args = judgeArgs(gone);
    const port = Number(new URL(gone.baseUrl).port);
    await gone.close();
    const data = await send([...args, '--set', 'judges.giveUpAfterMs=60000', '--set', 'judges.maxBackoffMs=200']);
    const waiting = await reportWhen(data, ({ coverage }) => coverage.pending === TRACES);
    expect(waiting.coverage.judge_error).toBe(0);
    judge = await startJudgeServer(port);
    // What a report says of releases may be newer than its coverage, which is asked first.
    const done = await reportWhen(data, ({ coverage }) => coverage.judged === TRACES);
    expect(done).toMatchObject({
      releases: [{ passRate: 1 }],
      coverage: { judged: TRACES, pending: 0, judge_error: 0 },
    });
  });

  it('a budget that runs out: the rest is shed, and said to be', { timeout: 90_000 }, async () => {
    const data = await judged({}, ['--set', 'judges.dailyBudgetUsd=0.000001']);
    const report = await reportWhen(data, ({ coverage }) => coverage.shed_budget === TRACES);
    expect(report.spend).toMatchObject({ usd: 0, calls: 0 });
    const why = await askAssay<Why>(data, 'why', traceIdOf(1));
    expect(why.verdicts[0]?.reason).toMatch(/^the daily judge budget of \$0\.000001 does not hold another call/);
  });
});

function prose(content: string): string {
  return JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'scripted-judge',
    choices: [
      { index: 0, finish_reason: 'stop', logprobs: null, message: { role: 'assistant', content, refusal: null } },
    ],
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  });
}
