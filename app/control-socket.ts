import { chmodSync, rmSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { systemClock } from '../core/clock.js';
import { PipelineError, ERROR_CODES, type ErrorCode } from '../core/errors.js';
import { isCode, socketAddress } from './control-address.js';
import { underControlLock } from './control-lock.js';

/** Who owns a data directory: a running Assay, or a command that will be done in a moment. */
export interface Holder {
  readonly pid: number;
  readonly kind: 'up' | 'command';
}

/** What the owner of a data directory is, and how it answers one call of a command. Values are JSON. */
export interface ControlOptions {
  readonly kind: Holder['kind'];
  readonly handler: (method: string, args: readonly unknown[]) => Promise<unknown>;
}

/** The held socket is also the lock: one Assay owns a data directory at a time. */
export interface ControlSocket {
  /** From here on calls are told to come again; resolves once those under way are answered. */
  drain(): Promise<void>;
  /** Gives the data directory up. Whatever uses it must be closed before. */
  close(): Promise<void>;
}

/** A command is done in well under this. */
const COMMAND_WAIT_MS = 10_000;

/** Longest that a command waits for an owner that is starting or stopping. */
const READY_WAIT_MS = 15_000;

const POLL_MS = 50;

/** What connecting to a socket that nobody listens on fails with. */
const NOBODY_LISTENS = ['ENOENT', 'ECONNREFUSED', 'ENOTDIR'];

/**
 * Listens on the control socket of a data directory (mode 0600), taking over what a killed process left, and waiting for
 * a command that holds it.
 * @throws {PipelineError} DATA_DIRECTORY_BUSY when another Assay answers there
 */
export async function holdControlSocket(
  root: string,
  options: ControlOptions,
  signal?: AbortSignal,
): Promise<ControlSocket> {
  const deadlineMs = systemClock.nowMs() + COMMAND_WAIT_MS;
  for (;;) {
    const socket = await tryHoldControlSocket(root, options);
    if (socket !== undefined) return socket;
    const holder = await findHolder(root).catch(() => undefined);
    if (holder?.kind === 'up' || systemClock.nowMs() > deadlineMs) {
      throw new PipelineError(
        'DATA_DIRECTORY_BUSY',
        `expected ${root} to be free, but the Assay with process id ${holder?.pid ?? 'unknown'} is using it; stop that one, or choose another directory with --data`,
      );
    }
    await systemClock.sleep(POLL_MS, signal);
    signal?.throwIfAborted();
  }
}

/**
 * Like `holdControlSocket`, but tries once.
 * @returns undefined when another holds the socket, or is about to
 */
export async function tryHoldControlSocket(root: string, options: ControlOptions): Promise<ControlSocket | undefined> {
  const address = socketAddress(root);
  const calls = new CallsUnderWay(options);
  const server = createServer((req, res) => void answer(req, res, calls));
  let held = false;
  try {
    held = (await underControlLock(root, () => listenAlone(server, root, address.path))) ?? false;
  } finally {
    if (!held) address.release();
  }
  if (!held) return undefined;
  return {
    drain: () => calls.drain(),
    async close() {
      await calls.drain();
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

/** Under the lock, because a socket that is bound and does not listen yet looks like one that a killed process left. */
async function listenAlone(server: Server, root: string, path: string): Promise<boolean> {
  try {
    await listen(server, path);
  } catch (error) {
    if (!isCode(error, 'EADDRINUSE')) throw error;
    if (await isHeld(root)) return false;
    rmSync(path, { force: true });
    await listen(server, path);
  }
  chmodSync(path, 0o600);
  return true;
}

async function isHeld(root: string): Promise<boolean> {
  try {
    return (await findHolder(root)) !== undefined;
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'ASSAY_NOT_READY') return true;
    throw error;
  }
}

/**
 * Asks who owns a data directory.
 * @returns undefined when nobody does
 * @throws {PipelineError} ASSAY_NOT_READY when somebody is there, and went before it had answered
 */
export async function findHolder(root: string): Promise<Holder | undefined> {
  return (await exchange(root, { method: 'identify', args: [] }))?.value as Holder | undefined;
}

/**
 * Calls the owner of a data directory once.
 * @throws {PipelineError} ASSAY_NOT_READY when it starts, stops or is gone, or what the call itself failed with
 */
export async function callControlSocket(root: string, method: string, args: readonly unknown[]): Promise<unknown> {
  const reply = await exchange(root, { method, args });
  if (reply === undefined) throw lost(root);
  if (reply.code === undefined) return reply.value;
  throw new PipelineError(
    isErrorCode(reply.code) ? reply.code : 'ASSAY_UNREACHABLE',
    reply.message ?? 'no message came with the error',
  );
}

/** Does `work` again, for a while, when the owner of the data directory was starting or stopping. */
export async function untilReady<T>(work: () => Promise<T>): Promise<T> {
  const deadlineMs = systemClock.nowMs() + READY_WAIT_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const again = error instanceof PipelineError && error.code === 'ASSAY_NOT_READY';
      if (!again || systemClock.nowMs() > deadlineMs) throw error;
      await systemClock.sleep(POLL_MS);
    }
  }
}

/** The calls that are being answered, so that nothing is closed under them. */
class CallsUnderWay {
  readonly #options: ControlOptions;
  readonly #calls = new Set<Promise<unknown>>();
  #draining = false;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  async answer(method: string, args: readonly unknown[]): Promise<unknown> {
    if (method === 'identify') return { pid: process.pid, kind: this.#options.kind } satisfies Holder;
    if (this.#draining) throw notReady('is stopping');
    const call = this.#options.handler(method, args);
    this.#calls.add(call);
    try {
      return await call;
    } finally {
      this.#calls.delete(call);
    }
  }

  async drain(): Promise<void> {
    this.#draining = true;
    await Promise.allSettled(this.#calls);
  }
}

/** What a call is told that comes too early or too late. */
export function notReady(state: string): PipelineError {
  return new PipelineError(
    'ASSAY_NOT_READY',
    `expected an answer of process ${process.pid}, which uses the data directory, but it ${state}; try again in a moment`,
  );
}

async function answer(req: IncomingMessage, res: ServerResponse, calls: CallsUnderWay): Promise<void> {
  let body: object;
  try {
    const { method, args } = JSON.parse(await text(req)) as { method: string; args: readonly unknown[] };
    body = { value: await calls.answer(method, args) };
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

interface Reply {
  readonly value?: unknown;
  readonly code?: string;
  readonly message?: string;
}

/** @returns undefined when nobody listens */
async function exchange(root: string, call: object): Promise<Reply | undefined> {
  let address: ReturnType<typeof socketAddress> | undefined;
  try {
    address = socketAddress(root);
    return JSON.parse(await post(address.path, JSON.stringify(call))) as Reply;
  } catch (error) {
    if (NOBODY_LISTENS.some((code) => isCode(error, code))) return undefined;
    throw lost(root, error);
  } finally {
    address?.release();
  }
}

function lost(root: string, cause?: unknown): PipelineError {
  return new PipelineError(
    'ASSAY_NOT_READY',
    `expected an answer of the process that uses ${root}, but the connection to it was lost; try again in a moment`,
    { cause },
  );
}

function post(socketPath: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method: 'POST', path: '/' }, (response) => {
      text(response).then(resolve, reject);
    });
    call.on('error', reject);
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

function isErrorCode(code: string): code is ErrorCode {
  return code in ERROR_CODES;
}
