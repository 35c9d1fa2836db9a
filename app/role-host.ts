import { Worker } from 'node:worker_threads';
import type { RawConfig } from './config.js';
import type { RoleName } from './pipeline.js';
import { createRpc, type Rpc, type RpcHandlers } from './rpc.js';

/** What a role's thread is started with: plain data, parsed again on its side. */
export interface RoleSetup {
  readonly role: RoleName;
  readonly raw: RawConfig;
  readonly dataDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A role in a thread of its own. */
export interface HostedRole {
  readonly role: RoleName;
  readonly rpc: Rpc;
  /** Rejects when the thread ends before it was asked to. Never resolves. */
  readonly died: Promise<never>;
  start(): Promise<unknown>;
  stop(): Promise<void>;
}

/** Makes the thread of a role; `handlers` are what the role may ask of the process. */
export function hostRole(setup: RoleSetup, handlers: RpcHandlers): HostedRole {
  const worker = new Worker(new URL('./role-thread.js', import.meta.url), { workerData: setup, name: setup.role });
  const rpc = createRpc(worker, handlers);
  let stopping = false;
  const died = new Promise<never>((_, reject) => {
    const fail = (error: Error): void => {
      rpc.fail(error);
      if (!stopping) reject(error);
    };
    worker.on('error', (error) => {
      fail(error instanceof Error ? error : new Error(String(error)));
    });
    worker.on('exit', (code) => {
      fail(new Error(`the ${setup.role} role ended with code ${code} without having been asked to`));
    });
  });
  died.catch(() => undefined);
  return {
    role: setup.role,
    rpc,
    died,
    start: () => rpc.call('start'),
    async stop() {
      if (stopping) return;
      stopping = true;
      const gone = new Promise<void>((resolve) => worker.once('exit', () => { resolve(); }));
      try {
        await rpc.call('stop');
        await gone;
      } catch {
        await worker.terminate();
      }
    },
  };
}
