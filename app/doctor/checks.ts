import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { dirname, resolve } from 'node:path';
import { redactUrl } from '../../core/redact-url.js';
import type { AssayConfig } from '../config.js';
import { findHolder, type Holder } from '../control-socket.js';

/** What one look found. `fail` means that Assay cannot do its work so. */
export interface Check {
  readonly name: string;
  readonly status: 'ok' | 'warn' | 'fail';
  /** One line: what is so, and where it is not good what to do. */
  readonly message: string;
}

export interface CheckContext {
  readonly config: AssayConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const LEAST_FREE_BYTES = 1024 ** 3;
const LEAST_NODE = [20, 11] as const;
const CONNECT_MS = 3_000;

/** Looks at what Assay needs on this machine. Makes nothing, and sends nothing to a model. */
export async function runChecks(context: CheckContext): Promise<readonly Check[]> {
  const holder = await findHolder(resolve(context.config.dataDirectory)).catch(() => undefined);
  return [
    nodeVersion(),
    dataDirectory(context.config.dataDirectory, holder),
    await engine(),
    await listener(context.config, holder),
    await judge(context),
  ];
}

function nodeVersion(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNew = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  return {
    name: 'Node.js',
    status: isNew ? 'ok' : 'fail',
    message: isNew
      ? process.version
      : `expected ${LEAST_NODE.join('.')} or newer, got ${process.version}; update Node.js`,
  };
}

function dataDirectory(path: string, holder: Holder | undefined): Check {
  const name = 'data directory';
  const root = resolve(path);
  let folder = root;
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch {
    return {
      name,
      status: 'fail',
      message: `expected to be allowed to write in ${folder}; choose another with --data`,
    };
  }
  const { bavail, bsize } = statfsSync(folder);
  const freeBytes = bavail * bsize;
  const free = `${(freeBytes / 1024 ** 3).toFixed(1)} GiB free`;
  if (freeBytes < LEAST_FREE_BYTES)
    return { name, status: 'warn', message: `${root}: ${free}; without room spans are refused, so make some` };
  const use = holder?.kind === 'up' ? `, in use by the Assay with process id ${holder.pid}` : '';
  const state = existsSync(root) ? '' : ', made at the first start';
  return { name, status: 'ok', message: `${root}: ${free}${use}${state}` };
}

async function engine(): Promise<Check> {
  const { isEngineInstalled } = await import('../../store/index.js');
  return isEngineInstalled()
    ? { name: 'store', status: 'ok', message: 'the embedded ClickHouse (chdb) is installed' }
    : {
        name: 'store',
        status: 'warn',
        message: 'chdb is not installed, so Assay only receives; for everything else: npm install chdb',
      };
}

async function listener({ collector }: AssayConfig, holder: Holder | undefined): Promise<Check> {
  const name = 'OTLP over HTTP';
  const { host, port } = collector.http;
  const url = `http://${host}:${port}`;
  if (holder?.kind === 'up') {
    const answers = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(CONNECT_MS) }).catch(() => undefined);
    if (answers?.ok === true) return { name, status: 'ok', message: `Assay listens on ${url}` };
    const message = `the running Assay does not answer on ${url}; give doctor the settings that it was started with`;
    return { name, status: 'warn', message };
  }
  if (await isFree(host, port)) return { name, status: 'ok', message: `${url} is free` };
  const message = `expected ${url} to be free, but another program listens there; stop it, or choose another with --set collector.http.port=14318`;
  return { name, status: 'fail', message };
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => {
      done(false);
    });
    server.listen(port, host, () => {
      server.close(() => {
        done(true);
      });
    });
  });
}

async function judge({ config, env }: CheckContext): Promise<Check> {
  const name = 'judge';
  const { priceOf, readModelOptions } = await import('../../models/index.js');
  try {
    const options = readModelOptions(config.models, env);
    if (options === undefined) {
      const message = 'no judge model: the checks run alone; set ANTHROPIC_API_KEY or OPENAI_API_KEY, or models.judge';
      return { name, status: 'warn', message };
    }
    const price = priceOf(options.name, config.models.prices);
    const where = redactUrl(options.baseUrl);
    const what = `${options.provider} ${options.name} at ${where}, $${price.inputUsdPerMillion} in and $${price.outputUsdPerMillion} out per million tokens, at most $${config.judges.dailyBudgetUsd} a day`;
    if (await isReachable(options.baseUrl)) return { name, status: 'ok', message: what };
    return { name, status: 'fail', message: `${what}; expected it to be reachable, but nothing answers there` };
  } catch (error) {
    return { name, status: 'fail', message: error instanceof Error ? error.message : String(error) };
  }
}

/** Opens a connection and closes it. No request is sent, so no key is tried and nothing is spent. */
function isReachable(baseUrl: string): Promise<boolean> {
  const { protocol, hostname, port } = new URL(baseUrl);
  return new Promise((done) => {
    const end = (reachable: boolean): void => {
      socket.destroy();
      done(reachable);
    };
    const socket = connect({ host: hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80) });
    socket.setTimeout(CONNECT_MS, () => {
      end(false);
    });
    socket.once('connect', () => {
      end(true);
    });
    socket.once('error', () => {
      end(false);
    });
  });
}
