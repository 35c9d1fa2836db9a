import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PipelineError } from '../core/errors.js';
import { packageRoot } from '../core/package-root.js';

/** Where the rubrics lie that come with Assay. */
export function builtInRubrics(): string {
  return join(packageRoot(), 'judges', 'rubrics');
}

/**
 * Names of what a folder holds, sorted; hidden ones left out.
 * @throws {PipelineError} RUBRIC_INVALID when it cannot be read
 */
export function listNames(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
      .filter((name) => !name.startsWith('.'))
      .sort();
  } catch (error) {
    throw invalidRubric(directory, 'expected a readable folder', error);
  }
}

/** Names of the folders in a folder: files beside them, such as a README, are no rubrics. */
export function listFolders(directory: string): readonly string[] {
  return listNames(directory).filter((name) => isFolder(join(directory, name)));
}

/** True for a folder, and for a link to one. */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** The error of a rubric's file or folder. */
export function invalidRubric(path: string, why: string, cause?: unknown): PipelineError {
  return new PipelineError('RUBRIC_INVALID', `rubric ${path}: ${why}`, { cause });
}
