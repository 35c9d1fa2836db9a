import { resolve } from 'node:path';
import { PipelineError } from '../core/errors.js';
import { DEFAULT_RUBRICS_DIRECTORY, type JudgesConfig } from './config.js';
import { builtInRubrics, invalidRubric, isFolder, listFolders } from './rubric-folder.js';
import { loadRubric, type Rubric } from './rubric.js';

/**
 * Reads the rubrics that are in use: those that come with Assay and the team's own, of which one with a built-in's name
 * takes its place, cut to the chosen criteria. Ordered by name.
 *
 * @throws {PipelineError} RUBRIC_INVALID with file and key; CONFIG_INVALID with the setting that names what is not there
 */
export function loadRubrics(options: Pick<JudgesConfig, 'rubricsDirectory' | 'criteria'>): readonly Rubric[] {
  const folders = foldersOf(options.rubricsDirectory);
  const known = [...folders.keys()].sort();
  const chosen = options.criteria ?? known;
  for (const name of chosen) {
    if (folders.has(name)) continue;
    const found = known.join(', ');
    throw new PipelineError(
      'CONFIG_INVALID',
      `judges.criteria: expected names of rubrics, which are ${found}; got ${name}; change it, or make its folder`,
    );
  }
  // Only what is in use: a rubric that is being written and not chosen stops nobody.
  return known
    .filter((name) => chosen.includes(name))
    .map((name) => loadRubric(folders.get(name) ?? builtInRubrics(), name));
}

/**
 * Reads one rubric, the team's own or a built-in one, in use or not.
 *
 * @param rubricsDirectory - as in the settings; empty for built-in ones alone
 * @throws {PipelineError} RUBRIC_INVALID with file and key, or with the names that there are
 */
export function findRubric(rubricsDirectory: string, name: string): Rubric {
  const folders = foldersOf(rubricsDirectory);
  const directory = folders.get(name);
  if (directory !== undefined) return loadRubric(directory, name);
  const known = [...folders.keys()].sort().join(', ');
  throw invalidRubric(
    name,
    `expected the name of a rubric, which are ${known}; write it with assay rubric new ${name}`,
  );
}

/** Where each rubric lies. */
function foldersOf(rubricsDirectory: string): ReadonlyMap<string, string> {
  const builtIn = listFolders(builtInRubrics()).map((name) => [name, builtInRubrics()] as const);
  return new Map([...builtIn, ...ownFolders(rubricsDirectory)]);
}

function ownFolders(setting: string): readonly (readonly [name: string, directory: string])[] {
  if (setting === '') return [];
  const directory = resolve(setting);
  if (isFolder(directory)) return listFolders(directory).map((name) => [name, directory]);
  if (setting === DEFAULT_RUBRICS_DIRECTORY) return [];
  throw new PipelineError(
    'CONFIG_INVALID',
    `judges.rubricsDirectory: expected a folder of rubrics, ${directory} is none; make it, or change the setting`,
  );
}
