import { resolve } from 'node:path';
import type { AssayQueries } from './api.js';
import { callControlSocket, findHolder, notReady, tryHoldControlSocket, untilReady } from './control-socket.js';
import { existingDataDirectory } from './data-directory.js';
import type { LoadedConfig } from './load-config.js';
import type { HostProcess } from './pipeline.js';
import { createRoleRuntime, type RoleSetup } from './role-runtime.js';
import { remoteQueries } from './start-assay.js';
import { useUtc } from './use-utc.js';

/** The query role asks nothing of its process. */
const NOBODY: HostProcess = {
  announce: () => undefined,
  firstTrace: () => undefined,
  admin: () => Promise.resolve(undefined),
};

/** Queries, and how to let go of what answers them. */
export interface OpenQueries {
  readonly queries: AssayQueries;
  close(): Promise<void>;
}

/** The query role in this process, which then owns the data directory and answers other commands too. */
interface OwnRole {
  call(method: string, args: readonly unknown[]): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * Each query asks whoever owns the data directory, since the engine has one owner: a running Assay, or another command.
 * When nobody does, this process becomes the owner until `close`. A query waits for an owner that is starting or stopping.
 *
 * A query throws ASSAY_UNREACHABLE when nobody owns the directory and no earlier run left data in it.
 */
export function openQueries(loaded: LoadedConfig, env: RoleSetup['env']): OpenQueries {
  const root = resolve(loaded.config.dataDirectory);
  let own: OwnRole | undefined;
  async function ask(method: string, args: readonly unknown[]): Promise<unknown> {
    if (own === undefined) {
      if ((await findHolder(root)) !== undefined) return callControlSocket(root, method, args);
      existingDataDirectory(root);
      const opened = await openOwnRole({ role: 'query', raw: loaded.raw, dataDirectory: root, env });
      if (opened === undefined) throw notReady('has just lost the directory to another one');
      own = opened;
    }
    return own.call(method, args);
  }
  return {
    queries: remoteQueries((method, ...args) => untilReady(() => ask(method, args))),
    close: async () => own?.close(),
  };
}

/** @returns undefined when another process was faster */
async function openOwnRole(setup: RoleSetup): Promise<OwnRole | undefined> {
  useUtc();
  const role = createRoleRuntime(setup, NOBODY);
  let started: Promise<unknown> | undefined;
  const start = (): Promise<unknown> => (started ??= role.start());
  const socket = await tryHoldControlSocket(setup.dataDirectory, {
    kind: 'command',
    async handler(method, args) {
      await start();
      return role.call(method, args);
    },
  });
  if (socket === undefined) return undefined;
  const close = async (): Promise<void> => {
    try {
      await socket.drain();
      await role.stop();
    } finally {
      await socket.close();
    }
  };
  try {
    await start();
  } catch (error) {
    await close();
    throw error;
  }
  return { call: (method, args) => role.call(method, args), close };
}
