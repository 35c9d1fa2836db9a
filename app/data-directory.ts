import { accessSync, constants, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PipelineError } from '../core/errors.js';

/** Where everything lies inside a data directory. */
export interface DataDirectory {
  readonly root: string;
  readonly bus: string;
  /** Of a process that only receives, and whose bus is Kafka. */
  readonly spool: string;
  readonly state: string;
  readonly store: string;
}

/**
 * Makes the folder when it is missing, and sees that it can be written.
 * @throws {PipelineError} DATA_DIRECTORY_UNUSABLE, one sentence
 */
export function openDataDirectory(path: string): DataDirectory {
  const root = resolve(path);
  refuseFile(root);
  try {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    accessSync(root, constants.R_OK | constants.W_OK | constants.X_OK);
    const probe = join(root, '.write-probe');
    try {
      // Not empty: an empty file can be made on a disk that is full.
      writeFileSync(probe, 'probe');
    } finally {
      rmSync(probe, { force: true });
    }
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new PipelineError(
      'DATA_DIRECTORY_UNUSABLE',
      `expected a data directory that can be written, got ${reason} at ${root}; ${reason === 'ENOSPC' ? 'make room there, or ' : ''}choose another with --data`,
      { cause: error },
    );
  }
  return layoutOf(root);
}

/**
 * Like `openDataDirectory`, for reading what an earlier run left: makes nothing.
 * @throws {PipelineError} ASSAY_UNREACHABLE, DATA_DIRECTORY_UNUSABLE
 */
export function existingDataDirectory(path: string): DataDirectory {
  const root = resolve(path);
  refuseFile(root);
  const layout = layoutOf(root);
  if (kindOf(layout.store) !== 'folder') {
    throw new PipelineError(
      'ASSAY_UNREACHABLE',
      `expected a running Assay or the data of an earlier run in ${root}, found neither; start one with assay up, or name its directory with --data`,
    );
  }
  return layout;
}

/** Where everything lies, whether it is there or not. */
export function layoutOf(root: string): DataDirectory {
  return {
    root,
    bus: join(root, 'bus'),
    spool: join(root, 'spool'),
    state: join(root, 'state'),
    store: join(root, 'store'),
  };
}

function refuseFile(root: string): void {
  if (kindOf(root) !== 'other') return;
  throw new PipelineError(
    'DATA_DIRECTORY_UNUSABLE',
    `expected a data directory, but ${root} is a file; choose another with --data`,
  );
}

function kindOf(path: string): 'folder' | 'other' | 'missing' {
  try {
    return statSync(path).isDirectory() ? 'folder' : 'other';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
    throw new PipelineError(
      'DATA_DIRECTORY_UNUSABLE',
      `expected a data directory that can be read, got ${String(code)} at ${path}; check its owner and its mode, or choose another with --data`,
      { cause: error },
    );
  }
}
