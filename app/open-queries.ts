import { resolve } from 'node:path';
import type { SchemaState } from '../store/index.js';
import type { AssayQueries } from './api.js';
import { answerCall, rolesOf } from './calls.js';
import { callControlSocket, findHolder, notReady, tryHoldControlSocket, untilReady } from './control-socket.js';
import { existingDataDirectory, openDataDirectory } from './data-directory.js';
import type { LoadedConfig } from './load-config.js';
import type { RoleName } from './pipeline.js';
import type { RoleSetup } from './role-runtime.js';
import { RoleSet } from './role-set.js';
import { remoteQueries } from './start-assay.js';
import { useUtc } from './use-utc.js';

/** Queries, and how to let go of what answers them. */
export interface OpenQueries {
  readonly queries: AssayQueries;
  /** By which version of Assay the store was last had. */
  storeState(): Promise<SchemaState>;
  close(): Promise<void>;
}

/** Roles in this process, which then owns the data directory and answers other commands too. */
interface OwnRoles {
  call(method: string, args: readonly unknown[]): Promise<unknown>;
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly env: RoleSetup['env'];
  /** Lines that a person should see, such as the judge's announcement. */
  readonly announce?: (text: string) => void;
}

/**
 * Each query asks whoever owns the data directory, since the engine has one owner: a running Assay, or another command.
 * When nobody does, this process becomes the owner until `close`, with the roles that the query needs and nothing else:
 * what lies on the bus is left to the next Assay. A query waits for an owner that is starting or stopping.
 *
 * A query throws ASSAY_UNREACHABLE when nobody owns the directory and no earlier run left data in it.
 */
export function openQueries(loaded: LoadedConfig, options: OpenOptions): OpenQueries {
  const root = resolve(loaded.config.dataDirectory);
  let own: OwnRoles | undefined;
  async function ask(method: string, args: readonly unknown[]): Promise<unknown> {
    if (own === undefined) {
      if ((await findHolder(root)) !== undefined) return callControlSocket(root, method, args);
      const roles = rolesOf(method);
      if (roles.includes('query') && loaded.config.store.clickhouse.url === undefined) existingDataDirectory(root);
      else openDataDirectory(root);
      const opened = await openOwnRoles(roles, { loaded, root, ...options });
      if (opened === undefined) throw notReady('has just lost the directory to another one');
      own = opened;
    }
    return own.call(method, args);
  }
  return {
    queries: remoteQueries((method, ...args) => untilReady(() => ask(method, args))),
    storeState: async () => (await untilReady(() => ask('storeState', []))) as SchemaState,
    close: async () => own?.close(),
  };
}

interface OwnOptions extends OpenOptions {
  readonly loaded: LoadedConfig;
  readonly root: string;
}

/** @returns undefined when another process was faster */
async function openOwnRoles(roles: readonly RoleName[], options: OwnOptions): Promise<OwnRoles | undefined> {
  useUtc();
  const { loaded, root, env, announce = () => undefined } = options;
  const set = new RoleSet({
    roles,
    setup: (role) => ({ role, raw: loaded.raw, dataDirectory: root, env, standby: true }),
    host: {
      announce,
      firstTrace: () => undefined,
      admin: () => Promise.resolve(undefined),
      // A command ends by itself.
      giveUp: () => undefined,
    },
  });
  let started: Promise<unknown> | undefined;
  const start = (): Promise<unknown> => (started ??= set.start());
  const call = (method: string, args: readonly unknown[]): Promise<unknown> =>
    answerCall(set, method, args) ?? Promise.reject(notReady('is another command'));
  const socket = await tryHoldControlSocket(root, {
    kind: 'command',
    async handler(method, args) {
      await start();
      return call(method, args);
    },
  });
  if (socket === undefined) return undefined;
  const close = async (): Promise<void> => {
    try {
      await set.stop(() => socket.drain());
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
  return { call, close };
}
