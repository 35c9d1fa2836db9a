import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { runAssay, startAssayProcess, temporaryDirectory, type AssayProcess } from '../helpers/assay-process.js';

/** Each row is the real command against the whole sentence that it must print. */
describe('a bad setting is refused with file, line, key and what was expected', () => {
  const rows: readonly { readonly title: string; readonly yaml: string; readonly says: string }[] = [
    {
      title: 'an unknown key',
      yaml: 'sampler:\n  quietMs: 3000\n  quiteMs: 3000\n',
      says: 'assay: FILE:3: sampler.quiteMs: expected a known setting, got an unknown key; see assay config print for all that exist\n',
    },
    {
      title: 'an unknown section',
      yaml: 'log:\n  level: info\nsampling: {}\n',
      says: 'assay: FILE:3: sampling: expected a known setting, got an unknown key; see assay config print for all that exist\n',
    },
    {
      title: 'a wrong type',
      yaml: 'judges:\n  dailyBudgetUsd: plenty\n',
      says: 'assay: FILE:2: judges.dailyBudgetUsd: expected a number, got "plenty"\n',
    },
    {
      title: 'a value out of bounds',
      yaml: 'sampler:\n  pi:\n    unsuspected: 1.5\n',
      says: 'assay: FILE:3: sampler.pi.unsuspected: expected at most 1, got 1.5\n',
    },
    {
      title: 'a value outside a list',
      yaml: 'log:\n  level: loud\n',
      says: 'assay: FILE:2: log.level: expected one of debug, info, warn, error, silent, got "loud"\n',
    },
    {
      title: 'an impossible combination',
      yaml: 'sampler:\n  quietMs: 60000\n  deadlineMs: 30000\n',
      says: 'assay: FILE:3: sampler.deadlineMs: expected more than sampler.quietMs (60000), got 30000\n',
    },
    {
      title: 'a missing environment variable',
      yaml: 'models:\n  judge:\n    apiKey: ${NO_SUCH_KEY}\n',
      says: 'assay: FILE:3: models.judge.apiKey: expected the environment variable NO_SUCH_KEY to be set, it is not; set it or write ${NO_SUCH_KEY:-default}\n',
    },
    {
      title: 'a file that is not YAML',
      yaml: 'sampler: [1, 2\n',
      says: 'assay: FILE:1: expected YAML, got: Flow sequence in block collection must be sufficiently indented and end with a ]\n',
    },
  ];
  it.each(rows)('$title', async ({ yaml, says }) => {
    const folder = temporaryDirectory();
    const file = join(folder, 'assay.yaml');
    writeFileSync(file, yaml);
    const result = await runAssay(['up', '--config', file, '--data', join(folder, 'data')]);
    expect(result).toEqual({ code: 2, stdout: '', stderr: says.replace('FILE', file) });
  });

  it('names the option for what came by --set', async () => {
    const result = await runAssay([
      'up',
      '--set',
      'sampler.quietMs=soon',
      '--data',
      join(temporaryDirectory(), 'data'),
    ]);
    expect(result).toEqual({
      code: 2,
      stdout: '',
      stderr: 'assay: --set sampler.quietMs: sampler.quietMs: expected a number, got "soon"\n',
    });
  });

  it('names the file that is missing', async () => {
    const result = await runAssay(['up', '--config', '/no/such/assay.yaml']);
    expect(result).toEqual({
      code: 2,
      stdout: '',
      stderr: 'assay: /no/such/assay.yaml: expected a readable YAML file, got ENOENT; check --config\n',
    });
  });

  it('refuses a model without a price, naming the setting, and makes no data directory', async () => {
    const data = join(temporaryDirectory(), 'data');
    const result = await runAssay([
      'up',
      '--data',
      data,
      '--http',
      '127.0.0.1:0',
      '--set',
      'models.judge.provider=openai',
      '--set',
      'models.judge.model=house-model',
      '--set',
      'models.judge.apiKey=k',
    ]);
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(/^assay: .*models\.prices\.house-model.*\n$/);
    expect(existsSync(data)).toBe(false);
  });

  it('a second judge that is the first one, before a directory is made', async () => {
    const data = join(temporaryDirectory(), 'data');
    const sets = ['models.judge.model=gpt-4.1', 'models.judge.apiKey=k', 'models.confirm.model=gpt-4.1'];
    const args = ['up', '--data', data, '--http', '127.0.0.1:0', ...sets.flatMap((set) => ['--set', set])];
    const result = await runAssay([...args, '--set', 'models.confirm.apiKey=k']);
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(
      /^assay: expected models\.confirm to be another model than models\.judge, got openai gpt-4\.1 .*\n$/,
    );
    expect(existsSync(data)).toBe(false);
  });
});

describe('what is taken is said in one sentence, and nothing is lost', () => {
  const running: AssayProcess[] = [];
  afterEach(async () => {
    for (const child of running.splice(0)) await child.stop();
  });

  it('a busy port', async () => {
    const holder = createServer();
    await new Promise<void>((done) => holder.listen(0, '127.0.0.1', done));
    const { port } = holder.address() as AddressInfo;
    const result = await runAssay(['up', '--data', join(temporaryDirectory(), 'data'), '--http', `127.0.0.1:${port}`]);
    holder.close();
    expect(result).toMatchObject({
      code: 2,
      stderr: `assay: expected to listen on 127.0.0.1:${port}, but another process holds that port; stop it, or choose another address with --http HOST:PORT.\n`,
    });
  });

  it('a data directory that cannot be written', async () => {
    const folder = temporaryDirectory();
    writeFileSync(join(folder, 'file'), '');
    const data = join(folder, 'file', 'data');
    const result = await runAssay(['up', '--data', data]);
    expect(result).toEqual({
      code: 2,
      stdout: '',
      stderr: `assay: expected a data directory that can be written, got ENOTDIR at ${data}; choose another with --data\n`,
    });
  });

  it.each(['up', 'report'])('a data directory that is a file, by assay %s', async (command) => {
    const data = join(temporaryDirectory(), 'file');
    writeFileSync(data, '');
    expect(await runAssay([command, '--data', data])).toEqual({
      code: 2,
      stdout: '',
      stderr: `assay: expected a data directory, but ${data} is a file; choose another with --data\n`,
    });
  });

  it.each(['zzz', '3efa', '3efa4c1ce12cbd356a852d6a6702f7d9a'])('a trace id such as %s', async (id) => {
    const result = await runAssay(['why', id], { cwd: temporaryDirectory() });
    expect(result).toEqual({
      code: 2,
      stdout: '',
      stderr: `error: command-argument value '${id}' is invalid for argument 'trace-id'. expected 32 hex digits, the first 8 or more, or last.\n(see --help)\n`,
    });
  });

  it('a second Assay on the same directory', async () => {
    const data = join(temporaryDirectory(), 'data');
    const first = await startAssayProcess({ data });
    running.push(first);
    const result = await runAssay(['up', '--data', data, '--http', '127.0.0.1:0']);
    expect(result).toEqual({
      code: 2,
      stdout: '',
      stderr: `assay: expected ${data} to be free, but the Assay with process id ${String(first.child.pid)} is using it; stop that one, or choose another directory with --data\n`,
    });
    expect((await fetch(`${first.url}/readyz`)).status).toBe(200);
  });

  it('a report of a directory where nothing ever ran', async () => {
    const data = join(temporaryDirectory(), 'nothing');
    mkdirSync(data);
    const result = await runAssay(['report', '--data', data]);
    expect(result).toEqual({
      code: 3,
      stdout: '',
      stderr: `assay: expected a running Assay or the data of an earlier run in ${data}, found neither; start one with assay up, or name its directory with --data\n`,
    });
  });
});
