import { closeSync, fstatSync, openSync, statfsSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { PipelineError } from '../core/errors.js';

/** With so much free the disk is not full before a transaction is over, and nothing is done. */
const NEAR_BYTES = 256 * 2 ** 20;
/** What a transaction may write beside its values: pages of the trees, and the list of free pages. */
const SLACK_BYTES = 2 * 2 ** 20;
const STEP_BYTES = 2 * 2 ** 20;
const ZEROS = Buffer.alloc(256 * 1024);

/** Sees that the file of a database can take a transaction before it is run. */
export interface FileRoom {
  /**
   * To be called with the write lock held, before anything is put.
   * @param endBytes - where the used part of the file ends
   * @param bytes - what is about to be put
   * @throws {PipelineError} BUS_UNAVAILABLE
   */
  require(endBytes: () => number, bytes: number): void;
  close(): void;
}

/**
 * lmdb 3.5.6 writes past the end of an allocation when a write of its own finds the disk full (the text of the error is
 * longer than the 100 bytes it gets), and the process dies of it sooner or later. So near the end of the disk the file is
 * made longer first, with zeros: a full disk fails here, where nothing is spoilt.
 */
export function createFileRoom(path: string): FileRoom {
  let file: number | undefined;
  return {
    require(endBytes, bytes) {
      const freeBytes = freeBytesOf(path);
      if (freeBytes >= NEAR_BYTES + 2 * bytes) return;
      file ??= openSync(path, 'r+');
      const { size, blocks } = fstatSync(file);
      const needed = endBytes() + bytes + SLACK_BYTES;
      // What the file has no disk for yet, although it lies inside of it.
      const holes = Math.max(0, size - 512 * blocks);
      if (holes <= freeBytes && (size >= needed || lengthen(file, { from: size, to: needed }))) return;
      throw new PipelineError(
        'BUS_UNAVAILABLE',
        `expected room for ${bytes} bytes in ${path}, got a full disk; nothing of it was kept, free disk space and send again`,
      );
    },
    close() {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}

/**
 * A new database is written when it is opened.
 * @throws {PipelineError} DATA_DIRECTORY_UNUSABLE
 */
export function requireRoomFor(path: string): void {
  const freeBytes = freeBytesOf(path);
  if (freeBytes >= SLACK_BYTES) return;
  throw new PipelineError(
    'DATA_DIRECTORY_UNUSABLE',
    `expected at least ${SLACK_BYTES} bytes free to make ${path}, got ${freeBytes}; free disk space, or choose another directory with --data`,
  );
}

/** @returns whether the file is that long now */
function lengthen(file: number, { from, to }: { readonly from: number; readonly to: number }): boolean {
  const end = to + STEP_BYTES;
  let at = from;
  try {
    while (at < end) at += writeSync(file, ZEROS, 0, Math.min(ZEROS.length, end - at), at);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOSPC' && code !== 'EDQUOT' && code !== 'EFBIG') throw error;
  }
  return at >= to;
}

/** Infinity where the file system does not say. */
function freeBytesOf(path: string): number {
  const { bavail, blocks, bsize } = statfsSync(dirname(path));
  return blocks === 0 ? Infinity : bavail * bsize;
}
