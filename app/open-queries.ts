import { PipelineError } from '../core/errors.js';
import type { AssayQueries } from './api.js';
import { callControlSocket, holdControlSocket } from './control-socket.js';
import { existingDataDirectory } from './data-directory.js';
import type { LoadedConfig } from './load-config.js';
import type { HostProcess } from './pipeline.js';
import { createRoleRuntime } from './role-runtime.js';
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
  /** True when a running Assay answers, false when the data directory does. */
  readonly running: boolean;
  close(): Promise<void>;
}

/**
 * Asks the running Assay when there is one, since the engine has one owner, and else opens the data directory itself.
 * @throws {PipelineError} ASSAY_UNREACHABLE when there is neither
 */
export async function openQueries(
  loaded: LoadedConfig,
  env: Readonly<Record<string, string | undefined>>,
): Promise<OpenQueries> {
  const directory = existingDataDirectory(loaded.config.dataDirectory);
  if (await answers(directory.root)) {
    return {
      queries: remoteQueries((method, ...args) => callControlSocket(directory.root, method, args)),
      running: true,
      close: () => Promise.resolve(),
    };
  }
  useUtc();
  const role = createRoleRuntime({ role: 'query', raw: loaded.raw, dataDirectory: directory.root, env }, NOBODY);
  const socket = await holdControlSocket(directory.root, (method, args) => role.call(method, args));
  try {
    await role.start();
  } catch (error) {
    await socket.close();
    throw error;
  }
  return {
    queries: remoteQueries((method, ...args) => role.call(method, args)),
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
