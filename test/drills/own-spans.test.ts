import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import type { Report, TraceRow, Why } from '../../app/index.js';
import { agentRun, traceIdOf } from '../../bench/agent-run.js';
import { askAssay, startAssayProcess, temporaryDirectory, type AssayProcess } from '../helpers/assay-process.js';
import { deliver } from '../helpers/deliver.js';
import { judgeArgs, startJudgeServer } from '../helpers/judge-server.js';
import { until } from '../helpers/until.js';

const NEVER = new AbortController().signal;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('an Assay that receives its own spans', () => {
  const children: AssayProcess[] = [];
  afterAll(async () => {
    for (const child of children) await child.stop();
  });

  it('stores them, never judges them, and makes no more of them', { timeout: 300_000 }, async () => {
    const [data, judge, port] = [temporaryDirectory(), await startJudgeServer(), await freePort()];
    const url = `http://127.0.0.1:${port}`;
    const settings = ['sampler.quietMs=200', 'sampler.pi.unsuspected=1', 'judges.votes=1', `telemetry.endpoint=${url}`];
    const args = [
      ...judgeArgs(judge),
      ...settings.flatMap((setting) => ['--set', setting]),
      '--http',
      `127.0.0.1:${port}`,
    ];
    // As an agent's environment might say: none of it is ours.
    const env = { OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' };
    const assay = await startAssayProcess({ data, args, env });
    children.push(assay);
    const ask = <Answer>(...command: readonly string[]): Promise<Answer> => askAssay(data, ...command);
    const own = async (): Promise<readonly TraceRow[]> =>
      (await ask<readonly TraceRow[]>('traces', '--limit', '10000')).filter(({ service }) => service === 'assay');
    /** Judges a run, and waits until the span of each call that was made has come back and is decided. */
    async function judged(number: number): Promise<void> {
      await deliver(() => url, agentRun({ number }), NEVER);
      await until(
        () => ask<Report>('report'),
        ({ coverage }) => coverage.judged === number && coverage.open === 0 && coverage.pending === 0,
      );
      await until(
        own,
        (rows) => rows.length >= judge.requests() + number && rows.every(({ outcome }) => outcome !== 'open'),
      );
    }

    await judged(1);
    const calls = judge.requests();
    // The second run's spans are exported after all that the first run's could have caused.
    await judged(2);
    const rows = await own();
    // One a call, and one each time that a run was handed to the judge.
    expect(rows).toHaveLength(judge.requests() + 2);
    expect(judge.requests()).toBe(calls * 2);
    expect(new Set(rows.map(({ outcome }) => outcome))).toEqual(new Set(['excluded']));
    const { coverage, releases } = await ask<Report>('report');
    expect(coverage.excluded).toBe(rows.length);
    expect(releases.map(({ service }) => service)).toEqual(['shop-agent']);
    const stories: Why[] = [];
    for (const { traceId } of rows) stories.push(await ask<Why>('why', traceId));
    const chats = stories.filter(({ trajectory }) => trajectory.steps[0]?.kind === 'model');
    expect(chats).toHaveLength(judge.requests());
    for (const { trajectory, verdicts } of stories) {
      expect(verdicts).toEqual([]);
      expect([trajectory.input, trajectory.output]).toEqual([null, null]);
    }
    for (const { trajectory } of chats) {
      expect(trajectory).toMatchObject({ provider: 'openai', spanCount: 1 });
      expect(trajectory.tokens?.input).toBeGreaterThan(0);
    }
    expect((await ask<Why>('why', traceIdOf(1))).outcome).toBe('judged');
    await assay.stop();
    await judge.close();
  });
});
