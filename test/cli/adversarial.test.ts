import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdversarialCase } from '../../core/adversarial-case.js';
import type { AlarmTransition } from '../../core/alarm.js';
import type { RunReport } from '../../app/adversarial/api.js';
import { agentRun, traceIdOf } from '../../bench/agent-run.js';
import {
  askAssay,
  runAssay,
  startAssayProcess,
  temporaryDirectory,
  type AssayProcess,
} from '../helpers/assay-process.js';
import { deliver } from '../helpers/deliver.js';
import { judgeArgs, startJudgeServer, type JudgeServer } from '../helpers/judge-server.js';

/** An agent that says what it is told to. */
function startAgent(answer: (input: string) => string): Promise<Server> {
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { input } = JSON.parse(body) as { input: string };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ output: answer(input) }));
    });
  });
  return new Promise(
    (resolve) =>
      void server.listen(0, '127.0.0.1', () => {
        resolve(server);
      }),
  );
}

describe('assay adversarial', { timeout: 180_000 }, () => {
  const folder = temporaryDirectory();
  const data = join(folder, 'data');
  let judge: JudgeServer;
  let agent: Server;
  let endpoint: string;
  let assay: AssayProcess;
  let isGood = true;

  const run = (...args: readonly string[]) => runAssay(['adversarial', ...args, '--data', data], { cwd: folder });
  const cases = () => askAssay<readonly AdversarialCase[]>(data, 'adversarial', 'list');
  const alarms = async (): Promise<readonly string[]> => {
    const all = await askAssay<readonly AlarmTransition[]>(data, 'alarms', 'list');
    return all.map(({ rule, state, subject }) => `${rule} ${subject.service} ${subject.release} ${state}`);
  };

  beforeAll(async () => {
    judge = await startJudgeServer();
    agent = await startAgent((input) =>
      isGood || input.includes('judged') ? `Cannot do: ${input}` : 'Refunded twice',
    );
    endpoint = `http://127.0.0.1:${(agent.address() as AddressInfo).port}/agent`;
    const sets = ['sampler.quietMs=200', 'store.flushMs=200', 'gates.lookMs=300', 'collector.feedback.enabled=true'];
    const started = await startAssayProcess({
      data,
      args: [...judgeArgs(judge), ...sets.flatMap((set) => ['--set', set])],
    });
    assay = started;
    await deliver(() => started.url, agentRun({ number: 1 }), AbortSignal.timeout(10_000));
    await runAssay(['why', traceIdOf(1), '--wait', '--data', data]);
  }, 180_000);

  afterAll(async () => {
    await assay.stop();
    await judge.close();
    agent.close();
  }, 60_000);

  it('adds cases by hand, from a file and from a trace, each once', async () => {
    const lines = Array.from({ length: 29 }, (_, at) =>
      JSON.stringify({ input: `refund ORD-${at} twice`, contains: 'cannot' }),
    );
    writeFileSync(join(folder, 'cases.jsonl'), lines.join('\n'));
    expect(await run('add', '--file', 'cases.jsonl')).toMatchObject({ code: 0, stdout: 'added 29\n' });
    await expect.poll(async () => (await cases()).length, { timeout: 20_000 }).toBe(29);
    expect((await run('add', '--file', 'cases.jsonl')).stdout).toBe('added 0; 29 were in the set already\n');
    const from = await run(
      'add',
      '--from-trace',
      traceIdOf(1),
      '--lacks',
      'refunded twice',
      '--by',
      'ana',
      '--note',
      'seen',
    );
    expect([from.code, from.stderr]).toEqual([0, '']);
    const byJudge = await run('add', '--input', 'judged', '--criterion', 'task-completion');
    expect(byJudge.code).toBe(0);
    await expect.poll(async () => (await cases()).length, { timeout: 20_000 }).toBe(31);
    const copied = (await cases()).find(({ origin }) => origin === 'trace');
    expect(copied).toMatchObject({ traceId: traceIdOf(1), addedBy: 'ana', note: 'seen', lacks: 'refunded twice' });
    expect(copied?.input).not.toBe('');
    expect((await run('list')).stdout).toContain('31 cases');
  });

  it('refuses what is no case', async () => {
    expect((await run('add')).code).toBe(2);
    expect((await run('add', '--input', 'x', '--matches', '(')).code).toBe(2);
    expect((await run('add', '--from-trace', 'ffffffffffff')).code).toBe(1);
    expect((await run('run', '--endpoint', 'ftp://x')).code).toBe(2);
  });

  it('sends them to an agent: held, broken, not enough evidence, out of reach', async () => {
    judge.behave(() => ({ quote: 'Cannot do: judged' }));
    const held = await run('run', '--endpoint', endpoint);
    expect([held.code, held.stdout]).toEqual([0, expect.stringContaining('31 passed, 0 failed') as string]);
    expect(held.stdout).toContain('held');
    expect(held.stderr).toContain('31 of 31');
    isGood = false;
    const broken = await run('run', '--endpoint', endpoint, '--json');
    isGood = true;
    expect(broken.code).toBe(1);
    expect(JSON.parse(broken.stdout) as RunReport).toMatchObject({ state: 'broken', passed: 1, failed: 30 });
    const other = await run('run', '--endpoint', endpoint, '--tenant', 'nobody');
    expect([other.code, other.stdout]).toEqual([1, expect.stringContaining('not enough evidence') as string]);
    const gone = await run('run', '--endpoint', 'http://127.0.0.1:1/agent');
    expect([gone.code, gone.stdout]).toEqual([3, expect.stringContaining('out of reach') as string]);
  });

  it('tells the gate of a release: its alarm fires, and is taken back by a run that is held', async () => {
    const release = ['--service', 'desk', '--release', '1.1'];
    isGood = false;
    expect((await run('run', '--endpoint', endpoint, ...release)).code).toBe(1);
    isGood = true;
    await expect.poll(alarms, { timeout: 20_000 }).toEqual(['adversarial-floor desk 1.1 firing']);
    expect((await run('run', '--endpoint', endpoint, '--service', 'desk', '--release', '1.2')).code).toBe(0);
    await expect.poll(alarms, { timeout: 20_000 }).toEqual(['adversarial-floor desk 1.1 resolved']);
  });

  it('takes a support flag, and asks what the flagged trace asked', async () => {
    const flagged = await fetch(`${await assay.listening}/v1/feedback`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ traceId: traceIdOf(1), kind: 'semantic', text: 'it was rude', flag: 'support' }),
    });
    expect(flagged.status).toBe(202);
    const { caseId } = (await flagged.json()) as { caseId: string };
    const find = async (): Promise<AdversarialCase | undefined> => (await cases()).find((one) => one.caseId === caseId);
    await expect.poll(find, { timeout: 20_000 }).toBeDefined();
    const copied = (await cases()).find(({ origin }) => origin === 'trace');
    expect(await find()).toMatchObject({ origin: 'support_flag', note: 'semantic: it was rude', input: copied?.input });
  });
});

it('works where no Assay runs', { timeout: 120_000 }, async () => {
  const data = join(temporaryDirectory(), 'data');
  const run = (...args: readonly string[]) => runAssay(['adversarial', ...args, '--data', data]);
  const agent = await startAgent(() => 'no');
  const endpoint = `http://127.0.0.1:${(agent.address() as AddressInfo).port}/`;
  const started = await startAssayProcess({ data, args: ['--set', 'store.flushMs=200'] });
  await started.stop();
  expect((await run('add', '--input', 'x', '--contains', 'yes')).code).toBe(0);
  expect(await askAssay<readonly AdversarialCase[]>(data, 'adversarial', 'list')).toHaveLength(1);
  const ran = await run('run', '--endpoint', endpoint, '--service', 'desk', '--release', '1');
  expect([ran.code, ran.stdout]).toEqual([1, expect.stringContaining('0 passed, 1 failed') as string]);
  agent.close();
});
