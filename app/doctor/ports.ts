import { connect, createServer } from 'node:net';
import type { AssayConfig } from '../config.js';
import type { Holder } from '../control-socket.js';
import { fail, ok, warn, type Check } from './check.js';

const CONNECT_MS = 3_000;
const HTTP = 'OTLP over HTTP';
const GRPC = 'OTLP over gRPC';

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Whether the ports of the receiver are free, or Assay's own. */
export async function checkPorts({ collector }: AssayConfig, holder: Holder | undefined): Promise<readonly Check[]> {
  const isRunning = holder?.kind === 'up';
  const http = isRunning ? await ownHttp(collector.http) : await freePort(HTTP, 'collector.http.port', collector.http);
  if (!collector.grpc.enabled) return [http, ok(GRPC, 'off')];
  const grpc = isRunning ? await ownGrpc(collector.grpc) : await freePort(GRPC, 'collector.grpc.port', collector.grpc);
  return [http, grpc];
}

const OTHER_SETTINGS = 'give doctor the settings that it was started with';

async function ownHttp({ host, port }: Address): Promise<Check> {
  const url = `http://${host}:${port}`;
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(CONNECT_MS) });
    const text = (await response.text()).trim();
    if (response.ok) return ok(HTTP, `Assay listens on ${url}`);
    return response.status === 503
      ? fail(HTTP, `Assay listens on ${url}, ${text}`)
      : warn(HTTP, `expected Assay on ${url}, got an answer with status ${response.status}; ${OTHER_SETTINGS}`);
  } catch {
    return warn(HTTP, `the running Assay does not answer on ${url}; ${OTHER_SETTINGS}`);
  }
}

async function ownGrpc({ host, port }: Address): Promise<Check> {
  return (await isReachable({ host, port }))
    ? ok(GRPC, `Assay listens on ${host}:${port}`)
    : warn(GRPC, `nobody listens on ${host}:${port}; ${OTHER_SETTINGS}`);
}

async function freePort(name: string, setting: string, { host, port }: Address): Promise<Check> {
  const at = `${host}:${port}`;
  const problem = await listenOnce({ host, port });
  if (problem === undefined) return ok(name, `${at} is free`);
  if (problem === 'EADDRINUSE') {
    const other = `--set ${setting}=${port === 4318 ? 14_318 : 14_317}`;
    return fail(
      name,
      `expected ${at} to be free, but another program listens there; stop it, or choose another with ${other}`,
    );
  }
  return fail(name, `expected to be allowed to listen on ${at}, got ${problem}; choose another host or port`);
}

/** @returns undefined when it could be listened on, else the code of the error */
function listenOnce({ host, port }: Address): Promise<string | undefined> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      done(error.code ?? error.message);
    });
    server.listen(port, host, () => {
      server.close(() => {
        done(undefined);
      });
    });
  });
}

/** Opens a connection and closes it; nothing is sent. */
export function isReachable({ host, port }: Address): Promise<boolean> {
  return new Promise((done) => {
    const end = (reachable: boolean): void => {
      socket.destroy();
      done(reachable);
    };
    const socket = connect({ host, port });
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
