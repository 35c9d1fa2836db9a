import { AggregatorRegistry } from 'prom-client';
import { systemClock } from '../core/clock.js';
import type { AssayQueries, PromptRow, Report, RunningAssay, Status, TraceFilter, TraceRow, Why } from './api.js';
import type { LoadedConfig } from './load-config.js';
import { holdControlSocket, type ControlSocket } from './control-socket.js';
import { openDataDirectory } from './data-directory.js';
import type { AdminAnswer, RoleName } from './pipeline.js';
import { hostRole, type HostedRole } from './role-host.js';

/** Last to first, so that whoever hands on finds the next one listening. */
const START_ORDER: readonly RoleName[] = ['write', 'query', 'judge', 'sample', 'receive'];

/** First to last, so that each role hands on what it holds. */
const STOP_ORDER: readonly RoleName[] = ['receive', 'sample', 'judge', 'write', 'query'];

const SETTLED_POLL_MS = 100;

export interface StartOptions {
  readonly loaded: LoadedConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Lines that a person should see: the judge's announcement, the first trace. */
  readonly announce?: (text: string) => void;
  readonly onFirstTrace?: (traceId: string) => void;
  /** Called once when a role ends that nobody stopped; the process should end, and says why. */
  readonly onDeath?: (error: Error) => void;
}

/**
 * Starts Assay embedded: every role in a thread of this process, one data directory.
 * @throws {PipelineError} DATA_DIRECTORY_BUSY, DATA_DIRECTORY_UNUSABLE, LISTEN_FAILED, MODEL_UNPRICED, RUBRIC_INVALID
 */
export async function startAssay(options: StartOptions): Promise<RunningAssay> {
  const directory = openDataDirectory(options.loaded.config.dataDirectory);
  const roles = new Map<RoleName, HostedRole>();
  let ready = false;
  const control: ControlSocket = await holdControlSocket(directory.root, async (method, args) => {
    if (!ready) throw new Error('this Assay is still starting or already stopping; try again in a moment');
    return role(roles, 'query').rpc.call(method, ...args);
  });
  const handlers = {
    announce: (text: string) => options.announce?.(text),
    firstTrace: (traceId: string) => options.onFirstTrace?.(traceId),
    admin: (path: string) => admin(path, { roles, ready }),
  };
  const stop = once(async () => {
    ready = false;
    for (const name of STOP_ORDER) await roles.get(name)?.stop();
    await control.close();
  });
  let url = '';
  try {
    for (const name of START_ORDER) {
      const hosted = hostRole({ role: name, raw: options.loaded.raw, dataDirectory: directory.root, env: options.env }, handlers);
      roles.set(name, hosted);
      hosted.died.catch((error: unknown) => options.onDeath?.(error as Error));
      const address = await hosted.start();
      if (name === 'receive') url = String(address);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  ready = true;
  const queries = remoteQueries((method, ...args) => role(roles, 'query').rpc.call(method, ...args));
  return {
    url,
    dataDirectory: directory.root,
    queries,
    status: async () => (await role(roles, 'query').rpc.call('status')) as Status,
    async settled(signal) {
      while (!signal.aborted && (await role(roles, 'query').rpc.call('idle')) !== true) await systemClock.sleep(SETTLED_POLL_MS, signal);
    },
    stop,
  };
}

/** The queries behind a call that crosses a thread or a socket. */
export function remoteQueries(call: (method: string, ...args: readonly unknown[]) => Promise<unknown>): AssayQueries {
  return {
    why: async (traceId: string) => (await call('why', traceId)) as Why,
    traces: async (filter: TraceFilter) => (await call('traces', filter)) as readonly TraceRow[],
    report: async () => (await call('report')) as Report,
    prompts: async (afterTraceId: string, limit: number) => (await call('prompts', afterTraceId, limit)) as readonly PromptRow[],
  };
}

function role(roles: ReadonlyMap<RoleName, HostedRole>, name: RoleName): HostedRole {
  const found = roles.get(name);
  if (found === undefined) throw new Error(`the ${name} role is not running`);
  return found;
}

async function admin(path: string, running: { readonly roles: ReadonlyMap<RoleName, HostedRole>; readonly ready: boolean }): Promise<AdminAnswer | undefined> {
  switch (path) {
    case '/healthz':
      return { status: 200, contentType: 'text/plain; charset=utf-8', body: 'ok\n' };
    case '/readyz':
      return running.ready
        ? { status: 200, contentType: 'text/plain; charset=utf-8', body: 'ready\n' }
        : { status: 503, contentType: 'text/plain; charset=utf-8', body: 'not ready: a role is still starting, or stopping\n' };
    case '/metrics': {
      const snapshots = await Promise.all([...running.roles.values()].map((hosted) => hosted.rpc.call('metrics')));
      const all = AggregatorRegistry.aggregate(snapshots as object[]);
      return { status: 200, contentType: all.contentType, body: await all.metrics() };
    }
    default:
      return undefined;
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= work());
}
