import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../core/package-root.js';
import { freePort } from './free-port.js';
import type { Target } from './sender.js';

/** A server under measurement, in a process of its own. */
export interface Server {
  readonly pid: number;
  /** Another process that works for it, whose CPU time is counted apart. */
  readonly helper?: number;
  readonly target: Target;
  /** Spans that a query finds by now; undefined where nothing is stored. */
  readonly queryable: () => Promise<number>;
  /** Traces decided by now. */
  readonly decided: () => Promise<number>;
  /** Ends it, and removes what it kept. */
  stop(): Promise<void>;
}

const START_MS = 60_000;

/** Assay as it is installed, with these roles. */
export async function startOurs(roles: string, settings: readonly string[] = []): Promise<Server> {
  const directory = mkdtempSync(join(tmpdir(), 'assay-bench-'));
  const grpcPort = await freePort();
  const sets = [`collector.grpc.port=${grpcPort}`, ...settings].flatMap((set) => ['--set', set]);
  const main = join(packageRoot(), 'dist', 'app', 'main.js');
  const args = [main, 'run', '--role', roles, '--data', directory, '--http', '127.0.0.1:0', ...sets];
  const { child, said } = await startProcess(process.execPath, args, /listens on http/);
  const http = /listens on (http:\/\/\S+)/.exec(said())![1]!;
  const metric = async (pattern: RegExp): Promise<number> => {
    const page = await (await fetch(`${http}/metrics`)).text();
    return [...page.matchAll(pattern)].reduce((sum, [, value]) => sum + Number(value), 0);
  };
  return {
    pid: child.pid!,
    target: { http, grpc: `127.0.0.1:${grpcPort}` },
    queryable: () => metric(/^assay_store_written_rows_total\{[^}]*topic="spans"[^}]*\} (\S+)/gm),
    decided: () => metric(/^assay_sampler_decided_traces_total(?:\{[^}]*\})? (\S+)/gm),
    stop: () => end(child, directory),
  };
}

/** The plain reference beside this file. */
export async function startReference(blockRows: number): Promise<Server> {
  const directory = mkdtempSync(join(tmpdir(), 'assay-bench-reference-'));
  const script = join(packageRoot(), 'dist', 'bench', 'intake', 'reference-server.js');
  const { child, said } = await startProcess(
    process.execPath,
    [script, directory, String(blockRows)],
    /listens on http/,
  );
  const http = /listens on (http:\/\/\S+)/.exec(said())![1]!;
  return {
    pid: child.pid!,
    target: { http },
    queryable: async () => {
      try {
        return Number(await (await fetch(http)).text());
      } catch (cause) {
        throw new Error(`expected the reference to answer, it did not; it said:\n${said()}`, { cause });
      }
    },
    decided: () => Promise.resolve(0),
    stop: () => end(child, directory),
  };
}

const PEER = join(homedir(), '.cache', 'assay-otelcol', '0.161.0', 'otelcol');

/** @returns where the OpenTelemetry Collector lies, or undefined: bench/peers/otelcol/build.sh builds it */
export function collectorPath(): string | undefined {
  const path = process.env['OTELCOL'] ?? PEER;
  return existsSync(path) ? path : undefined;
}

/** The OpenTelemetry Collector with its disk queue, synced; put only. */
export async function startCollector(path: string): Promise<Server> {
  const directory = mkdtempSync(join(tmpdir(), 'assay-bench-otelcol-'));
  const [httpPort, grpcPort] = [await freePort(), await freePort()];
  const config = join(packageRoot(), 'bench', 'peers', 'otelcol', 'durable.yaml');
  const child = spawn(path, ['--config', config], {
    stdio: 'ignore',
    env: { ...process.env, HTTP_PORT: String(httpPort), GRPC_PORT: String(grpcPort), STORE_DIR: join(directory, 'q') },
  });
  const http = `http://127.0.0.1:${httpPort}`;
  await answers(http, child);
  return {
    pid: child.pid!,
    target: { http, grpc: `127.0.0.1:${grpcPort}` },
    queryable: () => Promise.resolve(0),
    decided: () => Promise.resolve(0),
    stop: () => end(child, directory),
  };
}

async function startProcess(
  command: string,
  args: readonly string[],
  ready: RegExp,
): Promise<{ readonly child: ChildProcess; readonly said: () => string }> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const seen = new Promise<void>((resolve, reject) => {
    const look = (chunk: Buffer): void => {
      output += chunk.toString();
      if (ready.test(output)) resolve();
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.once('close', (code) => {
      reject(new Error(`expected ${args.join(' ')} to start, it ended with ${code}:\n${output}`));
    });
  });
  await seen;
  return { child, said: () => output };
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    const reached = await fetch(url).then(
      () => true,
      () => false,
    );
    if (reached) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`expected a server at ${url}, got none`);
}

async function end(child: ChildProcess, directory: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  }
  rmSync(directory, { recursive: true, force: true });
}
