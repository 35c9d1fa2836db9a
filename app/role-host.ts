import { Worker } from 'node:worker_threads';
import { systemClock } from '../core/clock.js';
import type { ErrorCode } from '../core/errors.js';
import type { HostProcess, ReceiverAddress } from './pipeline.js';
import type { RoleSetup } from './role-runtime.js';
import { createRpc, type Rpc } from './rpc.js';

/** Per thread. The default lets each grow garbage to 48 MB before it looks; five threads of that are a quarter of a gigabyte. */
const YOUNG_GENERATION_MB = 12;
/** Of the receiver: it makes few objects, and much memory outside of the heap that only a collection frees. */
const RECEIVER_YOUNG_GENERATION_MB = 6;

/** All is closed by then; only the client of Kafka may keep a thread from ending, by a socket of a broker that went away. */
const END_MS = 3_000;

/** A role in a thread of its own. */
export interface HostedRole {
  /** Rejects when the thread ends before it was asked to. Never resolves. */
  readonly died: Promise<never>;
  /** @returns where it can be reached, if anywhere */
  start(): Promise<ReceiverAddress | undefined>;
  /** Hands on what it holds and closes what it has open; the thread stays until `end`. */
  stop(): Promise<void>;
  end(): Promise<void>;
  metrics(): Promise<object>;
  call(method: string, args: readonly unknown[]): Promise<unknown>;
}

/** Makes the thread of a role; it loads at once and starts when told. `host` is what the role may ask of the process. */
export function hostRole(setup: RoleSetup, host: HostProcess): HostedRole {
  const worker = makeThread(setup);
  const rpc = serveHost(worker, host);
  let stopping = false;
  const gone = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      resolve();
    });
  });
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
    died,
    start: async () => (await rpc.call('start')) as ReceiverAddress | undefined,
    metrics: async () => (await rpc.call('metrics')) as object,
    call: (method, args) => rpc.call('call', method, args),
    async stop() {
      stopping = true;
      await rpc.call('stop');
    },
    async end() {
      stopping = true;
      try {
        await rpc.call('end');
        const waited = new AbortController();
        await Promise.race([gone, systemClock.sleep(END_MS, waited.signal)]);
        waited.abort();
      } catch {
        // Its answer does not come any more; it is ended below.
      }
      // Without effect on one that has ended.
      await worker.terminate();
    },
  };
}

function makeThread(setup: RoleSetup): Worker {
  return new Worker(new URL('./role-thread.js', import.meta.url), {
    workerData: setup,
    name: setup.role,
    resourceLimits: {
      maxYoungGenerationSizeMb: setup.role === 'receive' ? RECEIVER_YOUNG_GENERATION_MB : YOUNG_GENERATION_MB,
    },
  });
}

function serveHost(worker: Worker, host: HostProcess): Rpc {
  return createRpc(worker, {
    announce: (text: string) => {
      host.announce(text);
    },
    firstTrace: (traceId: string) => {
      host.firstTrace(traceId);
    },
    admin: (path: string) => host.admin(path),
    giveUp: (code: ErrorCode, message: string) => {
      host.giveUp(code, message);
    },
  });
}
