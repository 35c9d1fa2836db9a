import { existsSync, readdirSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { PipelineError } from '../core/errors.js';

/** Where a demo keeps its data, and how a command says so. */
export interface DemoDirectory {
  /** Absolute. */
  readonly path: string;
  /** What follows `npx assay …` to name it: empty for the default. */
  readonly option: string;
  /** For a person: relative to the working directory where that is shorter. */
  readonly shown: string;
}

const DEFAULT_NAME = '.assay';

/**
 * Chooses a folder that holds nothing yet: the one named, else `.assay`, else `.assay-2`, `.assay-3`, … Nothing is ever
 * removed, since an earlier demo's folder may have been used for real since.
 *
 * @throws {PipelineError} DATA_DIRECTORY_UNUSABLE when the folder that was named holds something
 */
export function chooseDirectory(cwd: string, named?: string): DemoDirectory {
  if (named !== undefined) {
    const path = resolve(cwd, named);
    if (isFree(path)) return describe(cwd, path);
    throw new PipelineError(
      'DATA_DIRECTORY_UNUSABLE',
      `expected --data to name a new or an empty folder, got ${path}, which holds something; choose another`,
    );
  }
  for (let number = 1; ; number += 1) {
    const path = join(cwd, number === 1 ? DEFAULT_NAME : `${DEFAULT_NAME}-${number}`);
    if (isFree(path)) return describe(cwd, path);
  }
}

function isFree(path: string): boolean {
  return !existsSync(path) || readdirSync(path).length === 0;
}

function describe(cwd: string, path: string): DemoDirectory {
  const inside = relative(cwd, path);
  const shown = inside !== '' && !inside.startsWith('..') && !isAbsolute(inside) ? `./${inside}` : path;
  return { path, shown, option: inside === DEFAULT_NAME ? '' : ` --data ${shown}` };
}
