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
  const folders = new Map(listFolders(builtInRubrics()).map((name) => [name, builtInRubrics()]));
  for (const [name, directory] of ownFolders(options.rubricsDirectory)) folders.set(name, directory);
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
 * The rubric of this name, whether it is in use or not; no other is looked at.
 * @throws {PipelineError} RUBRIC_INVALID when there is none, or it is wrong
 */
export function findRubric(rubricsDirectory: string, name: string): Rubric {
  const own = ownFolders(rubricsDirectory).find(([folder]) => folder === name);
  if (own !== undefined) return loadRubric(own[1], name);
  const builtIn = listFolders(builtInRubrics());
  if (builtIn.includes(name)) return loadRubric(builtInRubrics(), name);
  const known = [...ownFolders(rubricsDirectory).map(([folder]) => folder), ...builtIn];
  throw invalidRubric(
    rubricsDirectory === '' ? builtInRubrics() : resolve(rubricsDirectory),
    `expected a rubric named ${name}, found ${known.join(', ')}; write it with: assay rubric new ${name}`,
  );
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
