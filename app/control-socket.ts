import { chmodSync, rmSync, openSync, closeSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { PipelineError, ERROR_CODES, type ErrorCode } from '../core/errors.js';

/** Answers one call of a command. Values are JSON. */
export type ControlHandler = (method: string, args: readonly unknown[]) => Promise<unknown>;

/** Longest path that a Unix socket address holds on Linux, with its closing zero byte. */
const LONGEST_SOCKET_PATH = 107;

/** The held socket is also the lock: one Assay owns a data directory at a time. */
export interface ControlSocket {
  close(): Promise<void>;
}

/**
 * Listens on the control socket of a data directory (mode 0600), taking over what a killed process left.
 * @throws {PipelineError} DATA_DIRECTORY_BUSY when another Assay answers there
 */
export async function holdControlSocket(root: string, handler: ControlHandler): Promise<ControlSocket> {
  const address = socketAddress(root);
  const server = createServer((req, res) => void answer(req, res, handler));
  try {
    await listen(server, address.path).catch(async (error: unknown) => {
      if (!isCode(error, 'EADDRINUSE')) throw error;
      const holder = (await callControlSocket(root, 'identify', []).catch(() => undefined)) as number | undefined;
      if (holder !== undefined) {
        throw new PipelineError(
          'DATA_DIRECTORY_BUSY',
          `expected ${root} to be free, but the Assay with process id ${holder} is using it; stop that one, or choose another directory with --data`,
        );
      }
      rmSync(address.path, { force: true });
      await listen(server, address.path);
    });
    chmodSync(address.path, 0o600);
  } catch (error) {
    address.release();
    throw error;
  }
  return {
    async close() {
      const closed = new Promise<void>((done) =>
        server.close(() => {
          done();
        }),
      );
      server.closeIdleConnections();
      await closed;
      address.release();
    },
  };
}

/**
 * Calls the Assay that owns a data directory.
 * @throws {PipelineError} ASSAY_UNREACHABLE when none is running there, or what the call itself failed with
 */
export async function callControlSocket(root: string, method: string, args: readonly unknown[]): Promise<unknown> {
  const address = socketAddress(root);
  try {
    const response = await post(address.path, JSON.stringify({ method, args }));
    const reply = JSON.parse(response) as {
      readonly value?: unknown;
      readonly code?: string;
      readonly message?: string;
    };
    if (reply.code === undefined) return reply.value;
    throw new PipelineError(
      isErrorCode(reply.code) ? reply.code : 'ASSAY_UNREACHABLE',
      reply.message ?? 'no message came with the error',
    );
  } finally {
    address.release();
  }
}

async function answer(req: IncomingMessage, res: ServerResponse, handler: ControlHandler): Promise<void> {
  let body: object;
  try {
    const { method, args } = JSON.parse(await text(req)) as { method: string; args: readonly unknown[] };
    body = { value: method === 'identify' ? process.pid : await handler(method, args) };
  } catch (error) {
    body = {
      code: error instanceof PipelineError ? error.code : 'ASSAY_UNREACHABLE',
      message: error instanceof Error ? error.message : String(error),
    };
  }
  res.setHeader('content-type', 'application/json');
  res.setHeader('connection', 'close');
  res.end(JSON.stringify(body));
}

function post(socketPath: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method: 'POST', path: '/' }, (response) => {
      text(response).then(resolve, reject);
    });
    call.on('error', (error) => {
      reject(
        new PipelineError('ASSAY_UNREACHABLE', 'expected a running Assay behind the control socket, found none', {
          cause: error,
        }),
      );
    });
    call.end(body);
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** A data directory may lie deeper than a socket address can say; the kernel's short name of an open folder then stands in. */
function socketAddress(root: string): { readonly path: string; release(): void } {
  const path = join(root, 'control.sock');
  if (Buffer.byteLength(path) <= LONGEST_SOCKET_PATH) return { path, release: () => undefined };
  let folder: number;
  try {
    folder = openSync(root, 'r');
  } catch (error) {
    throw new PipelineError('ASSAY_UNREACHABLE', `expected the data directory ${root}, found none`, { cause: error });
  }
  let open = true;
  return {
    path: `/proc/self/fd/${folder}/control.sock`,
    release() {
      if (open) closeSync(folder);
      open = false;
    },
  };
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function isErrorCode(code: string): code is ErrorCode {
  return code in ERROR_CODES;
}
