import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SPANS_PER_RUN, traceIdOf } from '../../bench/agent-run.js';
import {
  runAssay,
  spawnCommand,
  startAssayProcess,
  temporaryDirectory,
  type AssayProcess,
} from '../helpers/assay-process.js';
import { freePort } from '../helpers/free-port.js';
import { judgeArgs, startJudgeServer, type JudgeServer } from '../helpers/judge-server.js';
import { ledgerOf, sendRuns } from '../helpers/ledger.js';

const RUNS = 20;
const QUICK = ['quietMs=300', 'orphanQuietMs=300', 'pi.unsuspected=0.6', 'salt=store-over-http-salt'].flatMap((set) => [
  '--set',
  `sampler.${set}`,
]);

describe('assay up with store.clickhouse.url', { timeout: 240_000 }, () => {
  let judge: JudgeServer;
  const running: AssayProcess[] = [];

  beforeAll(async () => {
    judge = await startJudgeServer();
  });
  afterEach(async () => {
    // The server last, since Assay writes what it has before it ends.
    for (const one of running.splice(0).reverse()) await one.stop();
  });
  afterAll(async () => {
    await judge.close();
  });

  async function startServer(args: readonly string[], data = temporaryDirectory()): Promise<string> {
    const server = spawnCommand(['store', 'serve', '--data', data, ...args]);
    running.push(server);
    const ended = server.ended.then(() => Promise.reject(new Error(server.output())));
    return Promise.race([server.listening, ended]);
  }

  async function start(
    args: readonly string[],
  ): Promise<AssayProcess & { readonly url: string; readonly data: string }> {
    const data = temporaryDirectory();
    const assay = await startAssayProcess({ data, args: [...judgeArgs(judge), ...QUICK, ...args] });
    running.push(assay);
    return { ...assay, data };
  }

  const numbers = Array.from({ length: RUNS }, (_, n) => n);

  it('keeps the same ledger as embedded, though answers are lost after the commit and blocks refused', async () => {
    const embedded = await start([]);
    await sendRuns(() => embedded.url, numbers);
    const expected = await ledgerOf(embedded.data, RUNS);

    const faults = ['--fault', 'drop-answer=5', '--fault', 'too-many-parts=4'];
    const store = await startServer(['--http', '127.0.0.1:0', ...faults]);
    const assay = await start(['--set', `store.clickhouse.url=${store}`]);
    await sendRuns(() => assay.url, numbers);
    expect(await ledgerOf(assay.data, RUNS)).toEqual(expected);

    const rows = async (table: string): Promise<number> =>
      Number(await (await fetch(store, { method: 'POST', body: `SELECT count() FROM ${table}` })).text());
    expect(await rows('otel_traces')).toBe(RUNS * SPANS_PER_RUN);
    expect(await rows('assay_spans')).toBe(RUNS * SPANS_PER_RUN);
    expect(await rows('assay_decisions')).toBe(RUNS);
    // Started in the folder of this file, of which the engine would read anything by its name.
    const { status } = await fetch(store, { method: 'POST', body: 'SELECT count() FROM `package.json`' });
    expect(status).toBe(404);
    // Nothing of it is here, and the engine is not loaded.
    if (process.platform === 'linux')
      expect(readFileSync(`/proc/${assay.child.pid}/maps`, 'utf8')).not.toContain('chdb');

    const erased = await runAssay(['erase', '--trace', traceIdOf(1), '--yes', '--data', assay.data, '--json']);
    expect(JSON.parse(erased.stdout)).toMatchObject({ spans: SPANS_PER_RUN, decisions: 1 });
    expect(await rows(`otel_traces WHERE TraceId = '${traceIdOf(1)}'`)).toBe(0);
  });

  it('takes spans while ClickHouse is away, and catches up when it is back', async () => {
    const [data, http] = [temporaryDirectory(), `127.0.0.1:${await freePort()}`];
    const store = await startServer(['--http', http], data);
    const assay = await start(['--set', `store.clickhouse.url=${store}`]);
    await sendRuns(() => assay.url, [0, 1]);
    await ledgerOf(assay.data, 2);
    const [server] = running.splice(0, 1);
    await server?.stop();
    await sendRuns(() => assay.url, [2, 3, 4]);
    await expect(runAssay(['report', '--data', assay.data])).resolves.toMatchObject({
      code: 3,
      stderr: expect.stringMatching(
        /expected ClickHouse at \S+ \(store\.clickhouse\.url\) to answer, got ECONNREFUSED/,
      ) as unknown,
    });
    await startServer(['--http', http], data);
    // Stopped in this order again.
    running.reverse();
    expect((await ledgerOf(assay.data, 5)).coverage.received).toBe(5);
  });

  it('is looked at by assay doctor, whose test span does not get there', async () => {
    const store = await startServer(['--http', '127.0.0.1:0']);
    const ports = ['--set', 'collector.http.port=0', '--set', 'collector.grpc.port=0'];
    const data = join(temporaryDirectory(), 'data');
    const { stdout } = await runAssay([
      'doctor',
      '--json',
      '--data',
      data,
      '--set',
      `store.clickhouse.url=${store}`,
      ...ports,
    ]);
    const { checks, understood } = JSON.parse(stdout) as {
      checks: { name: string; message: string }[];
      understood: unknown;
    };
    expect(understood).not.toBeNull();
    expect(checks).toContainEqual({
      name: 'store',
      status: 'ok',
      message: `ClickHouse at ${store}, database default, user default`,
    });
    expect(checks).toContainEqual({
      name: 'store schema',
      status: 'ok',
      message: expect.stringMatching(/^migration \d+ of/) as unknown,
    });
    expect(await (await fetch(store, { method: 'POST', body: 'SELECT count() FROM otel_traces' })).text()).toBe('0\n');
  });

  it('ends with 3 and one sentence when there is no ClickHouse at the start', async () => {
    const args = [
      'up',
      '--http',
      '127.0.0.1:0',
      '--grpc',
      '127.0.0.1:0',
      '--set',
      'store.clickhouse.url=http://127.0.0.1:1',
    ];
    const { code, stderr } = await runAssay([...args, '--data', join(temporaryDirectory(), 'data')]);
    expect(stderr).toMatch(
      /^assay: expected ClickHouse at http:\/\/127\.0\.0\.1:1 .* got ECONNREFUSED; check the address.*\n$/,
    );
    expect(code).toBe(3);
  });
});

describe('assay store serve', { timeout: 60_000 }, () => {
  it.each([
    [['--http', '0.0.0.0:0'], /expected an address of this machine alone/],
    [['--fault', 'nothing=1'], /--fault: expected drop-answer, slow-answer, too-many-parts, got "nothing"/],
  ])('refuses %s', async (args, sentence) => {
    const { code, stderr } = await runAssay(['store', 'serve', '--data', temporaryDirectory(), ...args]);
    expect(stderr).toMatch(sentence);
    expect(code).toBe(2);
  });
});
