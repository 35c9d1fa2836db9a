import { setFlagsFromString } from 'node:v8';
import type { HostProcess, ReceiverAddress, RoleName } from './pipeline.js';
import { hostRole, type HostedRole } from './role-host.js';
import { createRoleRuntime, type RoleRuntime, type RoleSetup } from './role-runtime.js';

/** In the order they start: last to first, so that whoever hands on finds the next one listening. They stop the other way round. */
const THREAD_ORDER = ['publish', 'write', 'gate', 'judge', 'sample', 'receive'] as const satisfies readonly RoleName[];

/**
 * A receiver on its own has a heap of 15 MB, and most of what it uses lies outside of that: bodies. V8 adds that to the heap, and
 * so it collected all of the heap for every 20 MB received, a sixth of all CPU time. Thus the heap may grow to four times its size
 * first, which is also what V8 allows at most by itself. A flag of the process: not for roles with a heap worth the name.
 */
const RECEIVER_HEAP_FLAG = '--heap-growing-percent=300';

export interface RoleSetOptions {
  readonly roles: readonly RoleName[];
  readonly setup: (role: RoleName) => RoleSetup;
  readonly host: HostProcess;
  /** Told when a role ends that nobody stopped. */
  readonly onDeath?: (error: Error) => void;
}

/**
 * Roles that run in this process. The query role runs in this thread, the others in threads of their own.
 *
 * It opens the embedded engine first and closes it last, and no thread ends before: the end of any thread that has loaded
 * the engine closes it for the whole process, under those who still use it, and if this thread had not loaded it too the
 * process would crash. So there are two phases of stopping, and who has a role that opens the store has `query` too.
 */
export class RoleSet {
  readonly #options: RoleSetOptions;
  readonly #query: RoleRuntime | undefined;
  readonly #threads = new Map<RoleName, HostedRole>();

  constructor(options: RoleSetOptions) {
    const { roles, setup, host } = options;
    this.#options = options;
    this.#query = roles.includes('query') ? createRoleRuntime(setup('query'), host) : undefined;
  }

  has(role: RoleName): boolean {
    return this.#options.roles.includes(role);
  }

  /** @returns where the receiver can be reached, if it runs here */
  async start(signal?: AbortSignal): Promise<ReceiverAddress | undefined> {
    const { roles, setup, host, onDeath } = this.#options;
    signal?.throwIfAborted();
    if (roles.every((role) => role === 'receive')) setFlagsFromString(RECEIVER_HEAP_FLAG);
    // All at once, because loading takes longer than starting.
    for (const name of THREAD_ORDER) if (roles.includes(name)) this.#threads.set(name, hostRole(setup(name), host));
    await this.#query?.start();
    let address: ReceiverAddress | undefined;
    for (const thread of this.#threads.values()) {
      signal?.throwIfAborted();
      thread.died.catch((error: unknown) => onDeath?.(error as Error));
      address = (await thread.start()) ?? address;
    }
    signal?.throwIfAborted();
    return address;
  }

  /** @param queriesEnd - awaited when nothing is handed on any more, and before the query role stops */
  async stop(queriesEnd: () => Promise<void>): Promise<void> {
    const threads = [...this.#threads.values()].reverse();
    for (const thread of threads) await thread.stop().catch(() => undefined);
    await queriesEnd();
    await this.#query?.stop();
    for (const thread of threads) await thread.end();
  }

  call(role: RoleName, method: string, args: readonly unknown[]): Promise<unknown> {
    const runtime = role === 'query' ? this.#query : this.#threads.get(role);
    if (runtime === undefined) return Promise.reject(new Error(`expected the ${role} role to run here, it does not`));
    return runtime.call(method, args);
  }

  /** Of each role, as prom-client's JSON. */
  metrics(): Promise<readonly object[]> {
    const runtimes = [...(this.#query === undefined ? [] : [this.#query]), ...this.#threads.values()];
    return Promise.all(runtimes.map((runtime) => runtime.metrics()));
  }
}
