import { callControlSocket, holdControlSocket } from './control-socket.js';
import { PipelineError } from '../core/errors.js';
import type { AssayQueries } from './api.js';
import { existingDataDirectory } from './data-directory.js';
import type { LoadedConfig } from './load-config.js';
import { hostRole } from './role-host.js';
import { remoteQueries } from './start-assay.js';

/** Queries, and how to let go of what answers them. */
export interface OpenQueries {
  readonly queries: AssayQueries;
  /** True when a running Assay answers, false when the data directory does. */
  readonly running: boolean;
  close(): Promise<void>;
}

/**
 * Asks the running Assay when there is one, since the engine has one owner, and else opens the data directory itself.
 * @throws {PipelineError} ASSAY_UNREACHABLE when there is neither
 */
export async function openQueries(loaded: LoadedConfig, env: Readonly<Record<string, string | undefined>>): Promise<OpenQueries> {
  const directory = existingDataDirectory(loaded.config.dataDirectory);
  if (await answers(directory.root)) {
    return {
      queries: remoteQueries((method, ...args) => callControlSocket(directory.root, method, args)),
      running: true,
      close: () => Promise.resolve(),
    };
  }
  const role = hostRole({ role: 'query', raw: loaded.raw, dataDirectory: directory.root, env }, {});
  const socket = await holdControlSocket(directory.root, (method, args) => role.rpc.call(method, ...args)).catch(async (error: unknown) => {
    await role.stop();
    throw error;
  });
  await role.start();
  return {
    queries: remoteQueries((method, ...args) => role.rpc.call(method, ...args)),
    running: false,
    async close() {
      await socket.close();
      await role.stop();
    },
  };
}

async function answers(root: string): Promise<boolean> {
  try {
    await callControlSocket(root, 'identify', []);
    return true;
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'ASSAY_UNREACHABLE') return false;
    throw error;
  }
}
