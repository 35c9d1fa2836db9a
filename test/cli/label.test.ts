import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../app/index.js';
import { agentRun, traceIdOf } from '../../bench/agent-run.js';
import { runAssay, startAssayProcess, temporaryDirectory, type AssayProcess } from '../helpers/assay-process.js';
import { deliver } from '../helpers/deliver.js';
import { judgeArgs, startJudgeServer, type JudgeServer } from '../helpers/judge-server.js';

const TRACES = [1, 2, 3, 4];

interface Task {
  readonly queue: string;
  readonly traceId: string;
  readonly criteria: readonly { readonly criterion: string; readonly question: string }[];
  readonly story: { readonly steps: readonly unknown[] } | null;
}

describe('assay label', { timeout: 180_000 }, () => {
  let judge: JudgeServer;
  let assay: AssayProcess;
  const folder = temporaryDirectory();
  const data = join(folder, 'data');

  beforeAll(async () => {
    judge = await startJudgeServer();
    const sets = ['sampler.quietMs=200', 'sampler.pi.unsuspected=1'];
    const args = [...judgeArgs(judge), ...sets.flatMap((set) => ['--set', set])];
    const started = await startAssayProcess({ data, args });
    assay = started;
    for (const number of TRACES) await deliver(() => started.url, agentRun({ number }), AbortSignal.timeout(10_000));
    for (const number of TRACES) await run('why', traceIdOf(number), '--wait');
  }, 180_000);
  afterAll(async () => {
    await assay.stop();
    await judge.close();
  }, 60_000);

  const run = (...args: readonly string[]) => runAssay([...args, '--data', data], { cwd: folder });
  const tasks = async (): Promise<readonly Task[]> =>
    JSON.parse((await run('label', 'next', '--limit', '10', '--json')).stdout) as readonly Task[];

  it('gives out drawn traces with what is asked of them and what they did, and not what the judge said', async () => {
    const given = await run('label', 'next', '--limit', '10', '--json');
    const told = JSON.parse(given.stdout) as readonly Task[];
    expect(new Set(told.map(({ traceId }) => traceId))).toEqual(new Set(TRACES.map(traceIdOf)));
    expect(told[0]!.story!.steps.length).toBeGreaterThan(0);
    expect(told[0]!.criteria.map(({ criterion }) => criterion)).toContain('task-completion');
    expect(told[0]!.criteria[0]!.question).not.toBe('');
    expect(given.stdout).not.toContain('verdict');
    expect((await run('label', 'plan')).stdout).toContain('Audit of what nothing flagged');
  });

  it('takes nothing of a file of which one line is refused, and says which', async () => {
    const path = join(folder, 'bad.jsonl');
    const good = { traceId: traceIdOf(1), criterion: 'task-completion', value: 'pass' };
    writeFileSync(path, [good, { ...good, criterion: 'unheard-of' }].map((line) => JSON.stringify(line)).join('\n'));
    const refused = await run('label', 'import', path);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('bad.jsonl:2: expected a criterion that applies to the trace');
    writeFileSync(path, 'pass\n');
    expect((await run('label', 'import', path)).code).toBe(2);
    expect((await run('label', 'export')).stdout).toBe('');
  });

  it('has a corrected rate in the report once drawn traces are labelled, and asks about none of them again', async () => {
    const path = join(folder, 'labels.jsonl');
    const lines = (await tasks()).flatMap(({ traceId, queue, criteria }) =>
      criteria.map(({ criterion }) => JSON.stringify({ traceId, queue, criterion, value: 'pass', annotator: 'ann' })),
    );
    writeFileSync(path, `${lines.join('\n')}\n`);
    expect((await run('label', 'import', path)).stdout).toBe(`Took ${lines.length} labels.\n`);
    await expect
      .poll(async () => (await run('label', 'export')).stdout.trim().split('\n').length, { timeout: 60_000 })
      .toBe(lines.length);
    expect((await run('label', 'next')).code).toBe(1);
    const report = JSON.parse((await run('report', '--json')).stdout) as Report;
    const { corrected } = report.releases[0]!;
    expect(corrected).toMatchObject({ passRate: 1, labels: TRACES.length, unlabelledShare: 0 });
    expect(corrected!.interval[0]).toBeLessThan(1);
    expect((await run('report')).stdout).toContain(`corrected 100.0 %`);
    const sliced = JSON.parse((await run('report', '--by', 'environment', '--since', '1h', '--json')).stdout) as Report;
    expect(sliced).toMatchObject({ by: 'environment' });
  });

  it('asks for a terminal where it has to ask', async () => {
    const asked = await run('label');
    expect(asked.code).toBe(2);
    expect(asked.stderr).toContain('expected a terminal to ask on');
  });

  it('reads and writes labels of a data directory that nobody runs', async () => {
    await assay.stop();
    const exported = (await run('label', 'export')).stdout.trim().split('\n');
    const changed = { ...(JSON.parse(exported[0]!) as object), value: 'fail', labelledAt: new Date().toISOString() };
    const path = join(folder, 'changed.jsonl');
    writeFileSync(path, JSON.stringify(changed));
    expect((await run('label', 'import', path)).code).toBe(0);
    const after = (await run('label', 'export')).stdout.trim().split('\n');
    expect(after).toHaveLength(exported.length);
    expect(JSON.parse(after.at(-1)!)).toMatchObject({ value: 'fail', annotator: 'ann' });
  });
});
