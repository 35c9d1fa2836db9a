import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PipelineError } from '../core/errors.js';

/**
 * Whether the embedded engine, the optional package chdb, is there with its library for this platform. Loads neither.
 * @param from - file or file URL from whose place packages are looked for
 */
export function isEngineInstalled(from: string = import.meta.url): boolean {
  const manifest = resolveFrom(from, 'chdb/package.json');
  if (manifest === undefined) return false;
  if (existsSync(join(dirname(manifest), 'build', 'Release', 'chdb_node.node'))) return true;
  const { optionalDependencies = {} } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    readonly optionalDependencies?: Readonly<Record<string, string>>;
  };
  // npm installs of these the one that fits the platform, and none where there is none.
  return Object.keys(optionalDependencies).some((library) => resolveFrom(manifest, library) !== undefined);
}

/** What to answer whoever needs the store of an Assay without the engine. */
export function engineMissing(): PipelineError {
  return new PipelineError(
    'ENGINE_MISSING',
    `expected the store's engine, the npm package chdb, to be installed beside Assay, found none for ${process.platform}-${process.arch}; without it Assay only receives, so install it with: npm install chdb`,
  );
}

function resolveFrom(place: string, name: string): string | undefined {
  try {
    return createRequire(place).resolve(name);
  } catch {
    return undefined;
  }
}
