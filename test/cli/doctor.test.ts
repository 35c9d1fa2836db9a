import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Report } from '../../app/index.js';
import { agentRun } from '../../bench/agent-run.js';
import { runAssay, startAssayProcess, temporaryDirectory } from '../helpers/assay-process.js';
import { deliver } from '../helpers/deliver.js';

interface Doctor {
  readonly checks: readonly { readonly name: string; readonly status: string; readonly message: string }[];
  readonly traceId: string | null;
  readonly understood:
    readonly { readonly field: string; readonly value: string | null; readonly advice: string }[] | null;
}

const NO_GRPC = ['--set', 'collector.grpc.enabled=false'];

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

it('where nothing runs, doctor takes in a span by itself, tells what it understood, and leaves nothing behind', async () => {
  const data = join(temporaryDirectory(), 'data');
  const port = await freePort();
  const { code, stdout } = await runAssay([
    'doctor',
    '--data',
    data,
    '--set',
    `collector.http.port=${port}`,
    ...NO_GRPC,
    '--json',
  ]);
  const { checks, understood } = JSON.parse(stdout) as Doctor;
  expect(code).toBe(0);
  // Limits are those of the machine that runs the tests.
  const limits = ['open files', 'shared memory', 'memory'];
  expect(checks.filter(({ name }) => limits.includes(name))).toHaveLength(3);
  expect(checks.filter(({ name }) => !limits.includes(name)).map(({ name, status }) => [name, status])).toEqual([
    ['Node.js', 'ok'],
    ['configuration', 'ok'],
    ['clock', 'ok'],
    ['data directory', 'ok'],
    ['bus', 'ok'],
    ['store', 'ok'],
    ['store schema', 'ok'],
    ['OTLP over HTTP', 'ok'],
    ['OTLP over gRPC', 'ok'],
    ['judge', 'warn'],
  ]);
  const values = Object.fromEntries((understood ?? []).map(({ field, value }) => [field, value]));
  expect(values).toMatchObject({ dialect: 'otel-genai', question: 'Does a span get through?', answer: 'Yes.' });
  expect(values).toMatchObject({ tokens: '9 in, 3 out', session: null });
  expect(existsSync(data)).toBe(false);
}, 180_000);

it('beside a running Assay the test span goes all the way, and is in no rate', async () => {
  const data = join(temporaryDirectory(), 'data');
  const port = await freePort();
  const args = ['--set', `collector.http.port=${port}`, ...NO_GRPC, '--set', 'sampler.quietMs=200'];
  const assay = await startAssayProcess({
    data,
    args: ['--http', `127.0.0.1:${port}`, '--set', 'sampler.quietMs=200'],
  });
  const { code, stdout } = await runAssay(['doctor', '--data', data, ...args]);
  expect([code, stdout]).toEqual([0, expect.stringContaining('✓ question')]);
  expect(stdout).toMatch(/✓ bus +\d+ MiB of 16\.0 GiB/);
  expect(stdout).toMatch(/✓ store schema +migration (\d+) of \1/);
  expect(stdout).toContain('✓ consumers');
  const { coverage, releases } = JSON.parse((await runAssay(['report', '--data', data, '--json'])).stdout) as Report;
  expect(coverage).toMatchObject({ received: 1, excluded: 1 });
  expect(releases).toEqual([]);
  await assay.stop();
  const after = await runAssay(['doctor', '--data', data, ...args, '--json']);
  const names = (JSON.parse(after.stdout) as Doctor).checks
    .filter(({ status }) => status === 'ok')
    .map(({ name }) => name);
  expect([after.code, names]).toEqual([0, expect.arrayContaining(['bus', 'bus records', 'store schema'])]);
}, 180_000);

it('names a setting that does not exist, and a disk with less free than is asked for', async () => {
  const unknown = await runAssay(['doctor', '--set', 'bus.minFree=1']);
  expect([unknown.code, unknown.stdout]).toEqual([
    1,
    expect.stringMatching(/✗ configuration .*bus\.minFree.*unknown key/),
  ]);
  const data = join(temporaryDirectory(), 'data');
  const full = await runAssay(['doctor', '--data', data, '--set', `bus.minFreeBytes=${2 ** 52}`, ...NO_GRPC, '--json']);
  const { checks, traceId } = JSON.parse(full.stdout) as Doctor;
  expect([full.code, traceId]).toEqual([1, null]);
  expect(checks.find(({ name }) => name === 'data directory')).toMatchObject({
    status: 'fail',
    message: expect.stringContaining('spans are refused; make room') as string,
  });
});

it("--wait names the emitter's own switch when an agent sends no message text", async () => {
  const data = join(temporaryDirectory(), 'data');
  const port = await freePort();
  const sets = ['--set', `collector.http.port=${port}`, ...NO_GRPC];
  const waiting = runAssay(['doctor', '--data', data, ...sets, '--wait', '60', '--json']);
  const bare = JSON.stringify(agentRun({ number: 1 })).replaceAll(/gen_ai\.(input|output)\.messages/g, 'not.$1');
  const silent = JSON.parse(bare.replaceAll('gen_ai.tool.call', 'not.tool.call')) as object;
  // Refused connections are tried again until doctor listens.
  await deliver(() => `http://127.0.0.1:${port}`, silent, AbortSignal.timeout(50_000));
  const { code, stdout } = await waiting;
  const question = (JSON.parse(stdout) as Doctor).understood?.find(({ field }) => field === 'question');
  expect(code).toBe(0);
  expect(question).toMatchObject({
    value: null,
    advice: expect.stringContaining('OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT') as string,
  });
}, 180_000);

it('names the program that is in the way, and judges that nobody answers for', async () => {
  const taken = createServer();
  await new Promise<void>((done) => taken.listen(0, '127.0.0.1', done));
  const { port } = taken.address() as AddressInfo;
  const nobody = await freePort();
  const data = join(temporaryDirectory(), 'data');
  const sets = [`collector.http.port=${port}`, 'models.confirm.model=gpt-6-sol'].flatMap((set) => ['--set', set]);
  const { code, stdout } = await runAssay(['doctor', '--data', data, ...sets], {
    env: { OPENAI_API_KEY: 'test-key', OPENAI_BASE_URL: `http://127.0.0.1:${nobody}/v1` },
  });
  await new Promise((done) => taken.close(done));
  expect(code).toBe(1);
  expect(stdout).toMatch(/✗ OTLP over HTTP +expected .* to be free/);
  expect(stdout).toMatch(/✗ judge .*nothing answers there/);
  expect(stdout).toMatch(/✗ confirm .*gpt-6-sol .*nothing answers there/);
}, 180_000);
