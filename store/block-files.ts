import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { PipelineError } from '../core/errors.js';

const MEBIBYTE = 1024 * 1024;
const MEMORY_DIRECTORY = '/dev/shm';
/** A container usually gets 64 MiB, which one block may fill. */
const MEMORY_FREE_BYTES = 256 * MEBIBYTE;

/** A file that holds the body of one insert. Only its owner may read it, since it is the text of traces. */
export interface BlockFile {
  readonly path: string;
  /** Appends pieces, which may be used again once it resolves. */
  write(pieces: readonly Uint8Array[]): Promise<void>;
  /** Safe twice. */
  remove(): Promise<void>;
}

/**
 * Makes the files that the engine reads blocks from: in memory where there is room, else in the data directory. They are
 * removed when they have been read; what a kill left is removed at the next start on the same data directory.
 */
export class BlockFiles {
  readonly #inMemory: string;
  readonly #onDisk: string;
  #made = 0;
  #usesMemory = false;

  constructor(
    dataDirectory: string,
    private readonly memoryDirectory = MEMORY_DIRECTORY,
  ) {
    const path = resolve(dataDirectory);
    const name = `assay-${createHash('sha256').update(path).digest('hex').slice(0, 16)}`;
    this.#inMemory = join(memoryDirectory, name);
    // The engine takes these characters for a pattern.
    this.#onDisk = /[*?{}[\]]/.test(path) ? join(tmpdir(), name) : join(path, 'blocks');
  }

  /** Removes what is left of an earlier process, and makes the folders. */
  async open(): Promise<void> {
    this.#usesMemory = await madeAnew(this.#inMemory);
    // Where the engine is elsewhere, nobody has made it.
    await mkdir(dirname(this.#onDisk), { recursive: true }).catch(() => undefined);
    if (!(await madeAnew(this.#onDisk))) {
      throw new PipelineError(
        'DATA_DIRECTORY_UNUSABLE',
        `expected to be able to make ${this.#onDisk} for the blocks that are written, but it belongs to someone else; remove it`,
      );
    }
  }

  async create(): Promise<BlockFile> {
    const directory = (await this.#hasMemory()) ? this.#inMemory : this.#onDisk;
    const path = join(directory, `${this.#made++}.native`);
    return toBlockFile(await open(path, 'wx', 0o600), path);
  }

  async close(): Promise<void> {
    for (const directory of [this.#inMemory, this.#onDisk]) await rm(directory, { recursive: true, force: true });
  }

  async #hasMemory(): Promise<boolean> {
    if (!this.#usesMemory) return false;
    const { bavail, bsize } = await statfs(this.memoryDirectory);
    return bavail * bsize >= MEMORY_FREE_BYTES;
  }
}

/** @returns false for a folder that cannot be made, or is someone else's */
async function madeAnew(directory: string): Promise<boolean> {
  try {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { mode: 0o700 });
    return true;
  } catch {
    return false;
  }
}

function toBlockFile(handle: FileHandle, path: string): BlockFile {
  let isOpen = true;
  return {
    path,
    async write(pieces) {
      const expected = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
      const { bytesWritten } = await handle.writev(pieces);
      if (bytesWritten === expected) return;
      throw new PipelineError(
        'STORE_UNAVAILABLE',
        `expected to write ${expected} bytes of a block to ${path}, got ${bytesWritten} written; make room there`,
      );
    },
    async remove() {
      if (!isOpen) return;
      isOpen = false;
      await handle.close();
      await rm(path, { force: true });
    },
  };
}
