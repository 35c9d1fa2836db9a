import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import type { Why } from '../../app/index.js';
import { agentRun, traceIdOf } from '../../bench/agent-run.js';
import { packageRoot } from '../../core/package-root.js';
import { deliver } from '../helpers/deliver.js';
import { until } from '../helpers/until.js';
import { npxUp, runIn, type UpCommand } from './installed-package.js';

const ROOT = packageRoot();
const STAGES = ['app', 'bus', 'collector', 'core', 'dialects', 'gates', 'judges', 'models', 'sampler', 'store'];
/** What npm says when it cannot reach a registry. */
const NO_NETWORK = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH/;

describe('the package', () => {
  const work = mkdtempSync(join(tmpdir(), 'assay-package-'));
  const folder = join(work, 'user');
  let tarball = '';
  let files: readonly string[] = [];
  let offline: string | undefined;
  let up: UpCommand | undefined;

  beforeAll(async () => {
    const packed = await runIn(ROOT, 'npm', 'pack', '--ignore-scripts', '--json', '--pack-destination', work);
    expect(packed.code, packed.stderr).toBe(0);
    const [entry] = JSON.parse(packed.stdout) as [{ filename: string; files: readonly { path: string }[] }];
    tarball = join(work, basename(entry.filename));
    files = entry.files.map(({ path }) => path);
    mkdirSync(folder);
    const installed = await runIn(folder, 'npm', 'install', '--no-audit', '--no-fund', tarball);
    if (installed.code !== 0 && NO_NETWORK.test(installed.stderr)) offline = installed.stderr.trim().split('\n').at(-1);
    else expect(installed.code, installed.stderr).toBe(0);
  });

  afterEach(async () => {
    await up?.stop();
    up = undefined;
  });

  afterAll(() => {
    rmSync(work, { recursive: true, force: true });
  });

  function needsInstall(context: TestContext): void {
    context.skip(offline !== undefined, `the package could not be installed without a registry: ${offline ?? ''}`);
  }

  it('holds the built stages, the migrations, the rubrics and its papers, and nothing else', () => {
    const allowed = [
      new RegExp(`^dist/(${stages().join('|')})/.+\\.js$`),
      /^store\/migrations\/\d{4}-[\w-]+\.sql$/,
      /^judges\/rubrics\/[\w-]+\//,
      /^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
    ];
    expect(files.filter((file) => !allowed.some((rule) => rule.test(file)))).toEqual([]);
    expect(files.filter((file) => /\.(test|test-support|bench)\.js$|fixtures?\//.test(file))).toEqual([]);
  });

  it('holds no built file whose source is gone', () => {
    const built = files.filter((file) => file.startsWith('dist/'));
    expect(built.filter((file) => !existsSync(join(ROOT, sourceOf(file))))).toEqual([]);
  });

  it('holds all that it reads from its own folder', () => {
    for (const name of readdirSync(join(ROOT, 'store', 'migrations')))
      expect(files).toContain(`store/migrations/${name}`);
    for (const name of readdirSync(join(ROOT, 'judges', 'rubrics')))
      expect(files).toContain(`judges/rubrics/${name}/rubric.yaml`);
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'CHANGELOG.md', 'dist/app/main.js']));
  });

  it('is installed in an empty folder, takes a span there, and says why', async (context) => {
    needsInstall(context);
    up = await npxUp(folder, '--set', 'sampler.quietMs=200');
    const { url } = up;
    await deliver(() => url, agentRun({ number: 1 }), AbortSignal.timeout(10_000));
    const why = await decided(folder, 1);
    expect(why).toMatchObject({ service: 'shop-agent', complete: true });
    expect(why.trajectory.steps.map(({ kind }) => kind)).toEqual(['model', 'tool', 'model']);
  });

  it('receives without chdb and says what to install; with it again, what was received is worked off', async (context) => {
    needsInstall(context);
    const without = join(work, 'without');
    cpSync(folder, without, {
      recursive: true,
      // Else the copy's own links lead back to what it was copied from.
      verbatimSymlinks: true,
      filter: (path) => !/node_modules\/(chdb|@chdb)$|\/\.assay$/.test(path),
    });
    up = await npxUp(without);
    expect(up.output()).toMatch(/only receives.*npm install chdb/s);
    const { url } = up;
    await deliver(() => url, agentRun({ number: 2 }), AbortSignal.timeout(10_000));
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const asked = await runIn(without, 'npx', 'assay', 'why', traceIdOf(2));
    expect(asked).toMatchObject({ code: 3, stdout: '' });
    expect(asked.stderr).toMatch(/npm install chdb/);
    await up.stop();
    up = undefined;

    const data = join(without, '.assay');
    up = await npxUp(folder, '--data', data, '--set', 'sampler.quietMs=200');
    expect(await decided(folder, 2, '--data', data)).toMatchObject({ service: 'shop-agent', complete: true });
  });
});

/** `assay why --json` of a run once it is decided. */
async function decided(folder: string, number: number, ...options: readonly string[]): Promise<Why> {
  const ask = async (): Promise<Why | undefined> => {
    const { code, stdout } = await runIn(folder, 'npx', 'assay', 'why', traceIdOf(number), '--json', ...options);
    return code === 0 ? (JSON.parse(stdout) as Why) : undefined;
  };
  const why = await until(ask, (answer) => answer !== undefined && answer.decision !== null);
  if (why === undefined) throw new Error('expected an answer, got none');
  return why;
}

/** The folders at the root that hold product code: those of ARCHITECTURE.md, as far as they exist. */
function stages(): readonly string[] {
  return [...STAGES, 'publisher', 'notifier', 'clustering', 'evals'].filter((name) => existsSync(join(ROOT, name)));
}

function sourceOf(built: string): string {
  return built.replace(/^dist\//, '').replace(/\.js$/, '.ts');
}
