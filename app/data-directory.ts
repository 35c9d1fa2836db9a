import { accessSync, constants, mkdirSync, openSync, rmSync, statSync, closeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PipelineError } from '../core/errors.js';

/** Where everything lies inside a data directory. */
export interface DataDirectory {
  readonly root: string;
  readonly bus: string;
  readonly state: string;
  readonly store: string;
}

/**
 * Makes the folder when it is missing, and sees that it can be written.
 * @throws {PipelineError} DATA_DIRECTORY_UNUSABLE, one sentence
 */
export function openDataDirectory(path: string): DataDirectory {
  const root = resolve(path);
  try {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    accessSync(root, constants.R_OK | constants.W_OK | constants.X_OK);
    const probe = join(root, '.write-probe');
    closeSync(openSync(probe, 'w'));
    rmSync(probe);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new PipelineError(
      'DATA_DIRECTORY_UNUSABLE',
      `expected a data directory that can be written, got ${reason} at ${root}; choose another with --data`,
      { cause: error },
    );
  }
  return layoutOf(root);
}

/** Like `openDataDirectory`, for reading what an earlier run left: makes nothing. */
export function existingDataDirectory(path: string): DataDirectory {
  const root = resolve(path);
  const layout = layoutOf(root);
  if (!isFolder(layout.store)) {
    throw new PipelineError(
      'ASSAY_UNREACHABLE',
      `expected a running Assay or the data of an earlier run in ${root}, found neither; start one with assay up, or name its directory with --data`,
    );
  }
  return layout;
}

function layoutOf(root: string): DataDirectory {
  return { root, bus: join(root, 'bus'), state: join(root, 'state'), store: join(root, 'store') };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
