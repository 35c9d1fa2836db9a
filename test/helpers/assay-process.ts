import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../core/package-root.js';

/** ASSAY_CLI names another build's, such as one that stays as it is while this checkout is built again. */
const CLI = process.env['ASSAY_CLI'] ?? join(packageRoot(), 'dist', 'app', 'main.js');

/** What a finished command printed. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'assay-test-'));
}

/** Environment without keys of the machine that runs the tests. */
export function cleanEnv(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^(OPENAI|ANTHROPIC|OTEL|ASSAY)_/.test(entry[0]),
  );
  return { ...Object.fromEntries(kept), ...extra };
}

/** Runs the real command to its end. */
export async function runAssay(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<CommandResult> {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: options.cwd,
    env: cleanEnv(options.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** What a command answers with `--json`; throws what it said instead of an answer. */
export async function askAssay<T>(data: string, ...args: readonly string[]): Promise<T> {
  const { stdout, stderr } = await runAssay([...args, '--data', data, '--json']);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as T;
}

/** A started `assay up`. */
export interface AssayProcess {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Resolves with the address once it says that it listens; never when it ends before. */
  readonly listening: Promise<string>;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** SIGTERM, and waits for the drain. */
  stop(): Promise<void>;
}

export interface AssayProcessOptions {
  readonly data: string;
  /** `up` when left out. */
  readonly command?: 'up' | 'run';
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts `assay up`, or `assay run`, on free ports; `args` may name others. */
export function spawnAssay(options: AssayProcessOptions): AssayProcess {
  const ports = ['--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0'];
  const args = [options.command ?? 'up', '--data', options.data, ...ports, ...(options.args ?? [])];
  return spawnCommand(args, options.env);
}

/** Starts a command that listens. */
export function spawnCommand(args: readonly string[], env?: Readonly<Record<string, string>>): AssayProcess {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: cleanEnv(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, signal });
    });
  });
  const listening = new Promise<string>((resolve) => {
    const look = (chunk: Buffer): void => {
      output += chunk.toString();
      const found = /listens on (http:\/\/\S+)/.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
  });
  return {
    child,
    output: () => output,
    listening,
    ended,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Starts `assay up` and waits until it listens; fails with what it printed when it ends before. */
export async function startAssayProcess(
  options: AssayProcessOptions,
): Promise<AssayProcess & { readonly url: string }> {
  const started = spawnAssay(options);
  const url = await Promise.race([
    started.listening,
    started.ended.then(({ code, signal }) => {
      throw new Error(`assay up ended with ${String(code ?? signal)} before it listened:\n${started.output()}`);
    }),
  ]);
  return { ...started, url };
}
