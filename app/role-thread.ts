import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { AdminAnswer } from './pipeline.js';
import { createRoleRuntime, type RoleSetup } from './role-runtime.js';
import { createRpc, type Rpc } from './rpc.js';

const port = parentPort;
if (port === null) throw new Error('expected to run as a thread of Assay, got the main thread');

/** How much a thread yields to others, as nice(1) does. */
const YIELDING = 10;
// Who sends to us waits for the receiver, and nobody for the rest. On Linux this is of the calling thread alone.
if (process.platform === 'linux' && (workerData as RoleSetup).role !== 'receive') setPriority(0, YIELDING);

const runtime = createRoleRuntime(workerData as RoleSetup, {
  announce: (text) => void rpc.call('announce', text),
  firstTrace: (traceId) => void rpc.call('firstTrace', traceId),
  giveUp: (code, message) => void rpc.call('giveUp', code, message),
  admin: async (path) => (await rpc.call('admin', path)) as AdminAnswer | undefined,
});

const rpc: Rpc = createRpc(port, {
  start: () => runtime.start(),
  stop: () => runtime.stop(),
  metrics: () => runtime.metrics(),
  call: (method: string, args: readonly unknown[]) => runtime.call(method, args),
  end() {
    // After the answer to this call has left.
    setImmediate(() => {
      port.close();
    });
  },
});
