import { describe, expect, it } from 'vitest';
import { runAssay, temporaryDirectory } from '../helpers/assay-process.js';

interface PrintedModels {
  readonly judge: unknown;
  readonly confirm?: unknown;
}

async function printedModels(env: Record<string, string>, ...sets: readonly string[]): Promise<PrintedModels> {
  const args = ['config', 'print', '--json', ...sets.flatMap((set) => ['--set', set])];
  const { stdout } = await runAssay(args, { cwd: temporaryDirectory(), env });
  return (JSON.parse(stdout) as { readonly models: PrintedModels }).models;
}

async function printedJudge(env: Record<string, string>, ...sets: readonly string[]): Promise<unknown> {
  return (await printedModels(env, ...sets)).judge;
}

describe('assay config print', () => {
  it('shows the judge that the environment names, without its key and its password', async () => {
    const env = { OPENAI_API_KEY: 'sk-very-secret', OPENAI_BASE_URL: 'https://me:hush@llm.example/v1' };
    expect(await printedJudge(env)).toMatchObject({
      provider: 'openai',
      model: 'gpt-6-luna',
      baseUrl: 'https://********@llm.example/v1',
      apiKey: '********',
    });
  });

  it('shows that no model judges when there is none', async () => {
    expect(await printedJudge({})).toMatchObject({ provider: 'none' });
  });

  it('shows the second judge as it is in force where one is named, its key hidden, and none where none is', async () => {
    const env = { OPENAI_API_KEY: 'sk-very-secret', ANTHROPIC_API_KEY: 'sk-as-secret' };
    expect((await printedModels(env, 'models.confirm.provider=openai')).confirm).toMatchObject({
      ...{ provider: 'openai', model: 'gpt-6-luna', baseUrl: 'https://api.openai.com/v1', apiKey: '********' },
      timeoutMs: 20_000,
    });
    expect(await printedModels(env)).not.toHaveProperty('confirm');
  });

  it('hides a password in a URL that the configuration names', async () => {
    const sets = ['provider=openai', 'baseUrl=http://u:p@127.0.0.1:9/v1'].map((set) => `models.judge.${set}`);
    expect(await printedJudge({}, ...sets)).toMatchObject({ baseUrl: 'http://********@127.0.0.1:9/v1' });
  });
});

describe('help', () => {
  it('names the variables that choose the judge, and has examples of config', async () => {
    const up = await runAssay(['up', '--help']);
    for (const name of ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'ANTHROPIC_BASE_URL', 'OPENAI_BASE_URL'])
      expect(up.stdout).toContain(name);
    expect((await runAssay(['config', '--help'])).stdout).toContain('assay config print --config assay.yaml');
  });
});
