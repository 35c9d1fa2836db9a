import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { PipelineError } from '../../core/errors.js';

/** Lies in every directory that was made for a server, so that none is taken that belongs to something else. */
const MARK = 'assay-store-serve';

/**
 * Makes a directory the server's own.
 * @throws {PipelineError} DATA_DIRECTORY_UNUSABLE when there is something else in it, or it cannot be made
 */
export async function takeDirectory(path: string): Promise<void> {
  const directory = resolve(path);
  let names: readonly string[];
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    names = await readdir(directory);
    if (names.length === 0) await writeFile(join(directory, MARK), '');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new PipelineError(
      'DATA_DIRECTORY_UNUSABLE',
      `expected a directory for the engine that can be made and written, got ${reason} at ${directory}; choose another with --data`,
      { cause },
    );
  }
  if (names.length === 0 || names.includes(MARK)) return;
  throw new PipelineError(
    'DATA_DIRECTORY_UNUSABLE',
    `expected an empty directory, or one that assay store serve made, got one with ${names.slice(0, 3).join(', ')} in it at ${directory}; choose another with --data`,
  );
}
