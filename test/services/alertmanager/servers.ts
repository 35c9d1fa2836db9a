import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../../core/package-root.js';
import { freePort } from '../../helpers/free-port.js';
import { until } from '../../helpers/until.js';

const SCRIPT = join(packageRoot(), 'test', 'services', 'alertmanager', 'servers.sh');
const FETCH_LIMIT_MS = 240_000;
const run = promisify(execFile);

/** Where the programs are. */
export interface Programs {
  readonly prometheus: string;
  readonly promtool: string;
  readonly alertmanager: string;
}

/** The programs; the first ever unpacks their packages. A text says why they cannot be had here. */
export async function findPrograms(): Promise<Programs | string> {
  try {
    const { stdout } = await run(SCRIPT, ['fetch'], { timeout: FETCH_LIMIT_MS });
    const [prometheus = '', promtool = '', alertmanager = ''] = stdout.trim().split('\n');
    return { prometheus, promtool, alertmanager };
  } catch (error) {
    const said = (error as { readonly stderr?: string }).stderr?.trim();
    return said === undefined || said === '' ? String(error) : said;
  }
}

/** A server of the test's own, on a port and in a folder that nobody else has. */
export interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

export function startAlertmanager({ alertmanager }: Programs, config: object): Promise<Server> {
  return start(alertmanager, { config }, (file, folder, port) => [
    `--config.file=${file}`,
    `--storage.path=${folder}`,
    `--web.listen-address=127.0.0.1:${port}`,
    // It is alone.
    '--cluster.listen-address=',
  ]);
}

/** @param settings.rules - groups of rules, where there are some */
export async function startPrometheus(
  { prometheus }: Programs,
  { config, rules }: { readonly config: object; readonly rules?: object },
): Promise<Server> {
  const whole = rules === undefined ? config : { ...config, rule_files: ['rules.yml'] };
  return start(prometheus, { config: whole, rules }, (file, folder, port) => [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
}

/** What `promtool check metrics` says of a page; empty when it finds nothing. */
export async function checkMetrics({ promtool }: Programs, page: string): Promise<string> {
  const checking = run(promtool, ['check', 'metrics']);
  checking.child.stdin?.end(page);
  return checking.then(
    ({ stdout, stderr }) => stdout + stderr,
    (error: unknown) => (error as { readonly stderr: string }).stderr,
  );
}

type Arguments = (file: string, folder: string, port: number) => readonly string[];

/** Its files are written as JSON, which YAML holds. */
async function start(
  program: string,
  files: { readonly config: object; readonly rules?: object | undefined },
  toArguments: Arguments,
): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-alertmanager-'));
  const file = join(folder, 'config.yml');
  await writeFile(file, JSON.stringify(files.config));
  if (files.rules !== undefined) await writeFile(join(folder, 'rules.yml'), JSON.stringify(files.rules));
  const port = await freePort();
  const child = spawn(program, toArguments(file, folder, port), { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const url = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  const isReady = (): Promise<boolean> =>
    fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  try {
    await until(isReady, (ready) => ready || child.exitCode !== null);
    if (child.exitCode !== null) throw new Error(`${program} ended while it started:\n${said}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'close');
  child.kill('SIGTERM');
  await ended;
}
