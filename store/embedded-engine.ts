import { constants } from 'node:fs';
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { threadId } from 'node:worker_threads';
import type { Session } from 'chdb';
import { PipelineError } from '../core/errors.js';
import { type EngineOptions, engineConfigXml } from './engine-config.js';
import { engineMissing, isEngineInstalled } from './engine-installed.js';

/** The embedded engine, open on a directory. */
export interface Engine {
  /** Absolute. */
  readonly path: string;
  /** Keeps the engine open; another one ends with the last session of the process. */
  readonly session: Session;
  /** One more session on the same engine, with settings of its own. Whoever asks for it closes it. */
  another(): Session;
}

/**
 * Opens the embedded engine on a directory of its own: it is made, and nothing else may lie in it. Threads of one process
 * share the engine, which takes its memory settings from the first.
 * @throws {PipelineError} ENGINE_MISSING when chdb is not installed, DATA_DIRECTORY_BUSY when another process has it,
 * DATA_DIRECTORY_UNUSABLE when it cannot be opened
 */
export async function openEngine(dataDirectory: string, options: EngineOptions): Promise<Engine> {
  if (!isEngineInstalled()) throw engineMissing();
  const path = resolve(dataDirectory);
  const configFile = join(path, 'engine.xml');
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK);
    // Renamed into place, because another thread may be reading it.
    const draft = `${configFile}.${process.pid}.${threadId}`;
    await writeFile(draft, engineConfigXml(options));
    await rename(draft, configFile);
  } catch (cause) {
    throw unusable(path, cause);
  }
  const chdb = await import('chdb');
  try {
    // Only a session takes engine arguments; every other connection to the same path shares the engine it starts.
    const session = new chdb.Session(path, { connectionArgs: [`--config-file=${configFile}`] });
    return { path, session, another: () => new chdb.Session(path) };
  } catch (cause) {
    const owner = await ownerOf(path);
    if (owner === undefined) throw unusable(path, cause);
    throw new PipelineError(
      'DATA_DIRECTORY_BUSY',
      `expected the store in ${path} to be free, but process ${owner} has it open; stop that one or use another data directory`,
      { cause },
    );
  }
}

/** The engine writes the owner's process id into its lock file, and says nothing of it in its error. */
async function ownerOf(path: string): Promise<number | undefined> {
  try {
    const owner = Number(/^PID:\s*(\d+)/m.exec(await readFile(join(path, 'status'), 'utf8'))?.[1]);
    if (!Number.isInteger(owner) || owner === process.pid) return undefined;
    process.kill(owner, 0);
    return owner;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? NaN : undefined;
  }
}

function unusable(path: string, cause: unknown): PipelineError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new PipelineError(
    'DATA_DIRECTORY_UNUSABLE',
    `expected a directory for the store that can be opened and written at ${path}, got: ${detail}; check its owner, its space and its path`,
    { cause },
  );
}
