import { existsSync } from 'node:fs';
import { systemClock } from '../core/clock.js';
import type { AssayQueries, PromptRow, Report, RunningAssay, Status, TraceFilter, TraceRow, Why } from './api.js';
import { holdControlSocket, notReady, type ControlSocket } from './control-socket.js';
import { openDataDirectory } from './data-directory.js';
import type { LoadedConfig } from './load-config.js';
import { metricsPage } from './metrics.js';
import type { AdminAnswer, HostProcess, RoleName } from './pipeline.js';
import { hostRole, type HostedRole } from './role-host.js';
import { createRoleRuntime, type RoleRuntime } from './role-runtime.js';
import { useUtc } from './use-utc.js';

/** Last to first, so that whoever hands on finds the next one listening. They stop the other way round. */
const THREADS = ['write', 'judge', 'sample', 'receive'] as const satisfies readonly RoleName[];

const SETTLED_POLL_MS = 100;

export interface StartOptions {
  readonly loaded: LoadedConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Lines that a person should see, such as the judge's announcement. */
  readonly announce?: (text: string) => void;
  readonly onFirstTrace?: (traceId: string) => void;
  /** Called once when a role ends that nobody stopped; the process should end, and say why. */
  readonly onDeath?: (error: Error) => void;
  /** Gives up a start that is under way; what it had started is stopped. */
  readonly signal?: AbortSignal;
}

/**
 * Starts Assay embedded: every role in a thread of this process, one data directory.
 * @throws {PipelineError} DATA_DIRECTORY_BUSY, DATA_DIRECTORY_UNUSABLE, LISTEN_FAILED, MODEL_UNPRICED, RUBRIC_INVALID
 */
export async function startAssay(options: StartOptions): Promise<RunningAssay> {
  useUtc();
  const { config } = options.loaded;
  if (!existsSync(config.dataDirectory)) await refuseModel(options);
  options.signal?.throwIfAborted();
  const directory = openDataDirectory(config.dataDirectory);
  const embedded = new EmbeddedAssay(options, directory.root);
  await embedded.start();
  return embedded.running();
}

/** Says what is wrong with the judge model before the first start makes a directory; later the judge role says it. */
async function refuseModel({ loaded, env }: StartOptions): Promise<void> {
  const { readModelOptions } = await import('../models/index.js');
  readModelOptions(loaded.config.models, env);
}

/**
 * The query role runs in this thread, the others in threads of their own. It opens the embedded engine first and closes it
 * last, and no thread ends before: the end of any thread that has loaded the engine closes it for the whole process, under
 * those who still use it, and if this thread had not loaded it too the process would crash.
 */
class EmbeddedAssay implements HostProcess {
  readonly #options: StartOptions;
  readonly #root: string;
  readonly #query: RoleRuntime;
  readonly #threads = new Map<RoleName, HostedRole>();
  #control: ControlSocket | undefined;
  #stopped: Promise<void> | undefined;
  #ready = false;
  #answering = false;
  #url = '';

  constructor(options: StartOptions, root: string) {
    this.#options = options;
    this.#root = root;
    this.#query = createRoleRuntime(this.#setup('query'), this);
  }

  async start(): Promise<void> {
    const { signal } = this.#options;
    const handler = (method: string, args: readonly unknown[]): Promise<unknown> => this.#answer(method, args);
    this.#control = await holdControlSocket(this.#root, { kind: 'up', handler }, signal);
    try {
      signal?.throwIfAborted();
      // All at once, because loading takes longer than starting.
      for (const name of THREADS) this.#threads.set(name, hostRole(this.#setup(name), this));
      await this.#query.start();
      for (const thread of this.#threads.values()) {
        signal?.throwIfAborted();
        thread.died.catch((error: unknown) => this.#options.onDeath?.(error as Error));
        this.#url = (await thread.start()) ?? '';
      }
      signal?.throwIfAborted();
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#ready = true;
    this.#answering = true;
  }

  stop(): Promise<void> {
    this.#stopped ??= (async () => {
      this.#ready = false;
      const threads = [...this.#threads.values()].reverse();
      for (const thread of threads) await thread.stop().catch(() => undefined);
      await this.#control?.drain();
      await this.#query.stop();
      for (const thread of threads) await thread.end();
      // Last, because whoever gets the socket next opens the same files.
      await this.#control?.close();
    })();
    return this.#stopped;
  }

  running(): RunningAssay {
    const query = (method: string, ...args: readonly unknown[]): Promise<unknown> => this.#query.call(method, args);
    return {
      url: this.#url,
      dataDirectory: this.#root,
      queries: remoteQueries(query),
      status: async () => (await query('status')) as Status,
      async settled(signal) {
        while (!signal.aborted && (await query('idle')) !== true) await systemClock.sleep(SETTLED_POLL_MS, signal);
      },
      stop: () => this.stop(),
    };
  }

  announce(text: string): void {
    this.#options.announce?.(text);
  }

  firstTrace(traceId: string): void {
    this.#options.onFirstTrace?.(traceId);
  }

  async admin(path: string): Promise<AdminAnswer | undefined> {
    const contentType = 'text/plain; charset=utf-8';
    switch (path) {
      case '/healthz':
        return { status: 200, contentType, body: 'ok\n' };
      case '/readyz':
        return this.#ready
          ? { status: 200, contentType, body: 'ready\n' }
          : { status: 503, contentType, body: 'not ready: a role is still starting, or stopping\n' };
      case '/metrics': {
        const roles = [this.#query, ...this.#threads.values()];
        const page = await metricsPage(await Promise.all(roles.map((role) => role.metrics())));
        return { status: 200, ...page };
      }
      default:
        return undefined;
    }
  }

  #setup(role: RoleName): Parameters<typeof hostRole>[0] {
    return { role, raw: this.#options.loaded.raw, dataDirectory: this.#root, env: this.#options.env };
  }

  async #answer(method: string, args: readonly unknown[]): Promise<unknown> {
    if (!this.#answering) throw notReady('is still starting');
    return this.#query.call(method, args);
  }
}

/** The queries behind a call that crosses a border. */
export function remoteQueries(call: (method: string, ...args: readonly unknown[]) => Promise<unknown>): AssayQueries {
  return {
    why: async (traceId: string) => (await call('why', traceId)) as Why,
    traces: async (filter: TraceFilter) => (await call('traces', filter)) as readonly TraceRow[],
    report: async () => (await call('report')) as Report,
    prompts: async (afterTraceId: string, limit: number) =>
      (await call('prompts', afterTraceId, limit)) as readonly PromptRow[],
  };
}
