import type { MessagePort, Worker } from 'node:worker_threads';
import { ERROR_CODES, PipelineError, type ErrorCode } from '../core/errors.js';

type Message =
  | { readonly kind: 'call'; readonly id: number; readonly method: string; readonly args: readonly unknown[] }
  | { readonly kind: 'value'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly code: string | undefined; readonly message: string };

export type RpcHandlers = Readonly<Record<string, (...args: never[]) => unknown>>;

/** Calls across the border of a thread. Errors keep their code; values are cloned. */
export interface Rpc {
  call(method: string, ...args: readonly unknown[]): Promise<unknown>;
  /** Rejects every call that waits, and every later one: the other side is gone. */
  fail(error: Error): void;
}

/** Serves `handlers` to the other side of the port, and calls what it serves. */
export function createRpc(port: MessagePort | Worker, handlers: RpcHandlers): Rpc {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let nextId = 1;
  let failure: Error | undefined;
  port.on('message', (message: Message) => {
    if (message.kind === 'call') {
      void serve(port, message, handlers);
      return;
    }
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.kind === 'value') call?.resolve(message.value);
    else call?.reject(toError(message));
  });
  return {
    call(method, ...args) {
      if (failure !== undefined) return Promise.reject(failure);
      return new Promise((resolve, reject) => {
        waiting.set(nextId, { resolve, reject });
        port.postMessage({ kind: 'call', id: nextId, method, args } satisfies Message);
        nextId += 1;
      });
    },
    fail(error) {
      failure = error;
      for (const call of waiting.values()) call.reject(error);
      waiting.clear();
    },
  };
}

async function serve(
  port: MessagePort | Worker,
  message: Message & { kind: 'call' },
  handlers: RpcHandlers,
): Promise<void> {
  const { id, method } = message;
  try {
    const handler = handlers[method] as ((...args: readonly unknown[]) => unknown) | undefined;
    if (handler === undefined)
      throw new Error(`expected one of the methods ${Object.keys(handlers).join(', ')}, got ${method}`);
    port.postMessage({ kind: 'value', id, value: await handler(...message.args) } satisfies Message);
  } catch (error) {
    const code = error instanceof PipelineError ? error.code : undefined;
    port.postMessage({
      kind: 'error',
      id,
      code,
      message: error instanceof Error ? error.message : String(error),
    } satisfies Message);
  }
}

function toError(message: Message & { kind: 'error' }): Error {
  const { code } = message;
  return code !== undefined && code in ERROR_CODES
    ? new PipelineError(code as ErrorCode, message.message)
    : new Error(message.message);
}
