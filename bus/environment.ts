import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { PipelineError } from '../core/errors.js';
import { createFileRoom, requireRoomFor } from './file-room.js';

/** A piece of work inside the next write transaction. */
export interface WriteJob<Result> {
  /** Runs before the write lock is taken: whatever is slow and needs no lock. */
  readonly prepare?: () => void;
  /** What it puts at most, asked for after `prepare`; left out when that is little. */
  readonly bytes?: () => number;
  /** Runs inside the transaction. Anything thrown undoes the whole transaction. */
  readonly apply: () => Result;
  /** For so long it may wait for another job of this queue to share a flush with, in ms; left out when it is urgent. */
  readonly patienceMs?: number;
  /** Runs once the transaction is on disk, before anybody is told. */
  readonly flushed?: () => void;
}

/** One lmdb file and the queue of writes to it. */
export interface Environment {
  readonly root: RootDatabase<Buffer, string>;
  /**
   * Resolves once the job's writes are on disk. Jobs that are queued together share one transaction and one flush.
   * @throws {PipelineError} BUS_CLOSED when the file is closed, BUS_UNAVAILABLE when it could not be written
   */
  write<Result>(job: WriteJob<Result>): Promise<Result>;
  /** Writes what is queued, then closes. Safe twice. */
  close(): Promise<void>;
}

interface QueuedJob {
  readonly job: WriteJob<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * lmdb asks malloc for the pages of a transaction and frees them after it. glibc then returns the end of its heap to the kernel
 * when more lies free there than it keeps, and the next transaction pays for each page anew: 30 to 250 faults a megabyte were
 * measured. It keeps twice the largest block that it got by mmap and saw freed (M_MMAP_THRESHOLD in mallopt(3)), so one such block,
 * dropped at once, has it keep what a busy receiver's transaction takes. Elsewhere this does nothing.
 */
const KEPT_BY_MALLOC_BYTES = 32 * 2 ** 20;

/** Address space, not disk: the file is as long as what was written. Above it lmdb would have to map anew. */
const MAP_BYTES = 2 ** 36;

/**
 * Opens an lmdb file for several threads and processes at once.
 *
 * A transaction is run, synced and published in one synchronous call. Thereby the write lock is never held while an event
 * loop is busy elsewhere, and nothing is visible to a reader before it is on disk, so that no effect can rest on a record
 * that a power cut takes back: this is why lmdb-js's `overlappingSync`, its default, is off.
 *
 * A thread that is terminated in the middle of a write leaves the lock taken: stop its components first.
 *
 * @throws {PipelineError} DATA_DIRECTORY_UNUSABLE
 */
export function openEnvironment(path: string): Environment {
  const root = openRoot(path);
  const room = createFileRoom(path);
  const queue: QueuedJob[] = [];
  const timer = createTimer(flush);
  let closed = false;
  let closing: Promise<void> | undefined;

  function flush(): void {
    timer.clear();
    const jobs = queue.splice(0);
    if (jobs.length === 0) return;
    let results: unknown[];
    try {
      for (const { job } of jobs) job.prepare?.();
      results = root.transactionSync(() => {
        room.require(() => fileBytes(root), bytesOf(jobs));
        return jobs.map(({ job }) => job.apply());
      });
    } catch (error) {
      const failure = unavailable(path, error);
      for (const { reject } of jobs) reject(failure);
      return;
    }
    for (const { job } of jobs) job.flushed?.();
    jobs.forEach(({ resolve }, index) => {
      resolve(results[index]);
    });
  }

  return {
    root,
    write<Result>(job: WriteJob<Result>) {
      if (closed) return Promise.reject(closedError(path));
      return new Promise<Result>((resolve, reject) => {
        queue.push({ job, resolve: resolve as (result: unknown) => void, reject });
        timer.ring(job.patienceMs);
      });
    },
    close() {
      closed = true;
      closing ??= Promise.resolve().then(() => {
        flush();
        room.close();
        return root.close();
      });
      return closing;
    },
  };
}

/** When the next flush is: in this turn of the event loop for what is urgent, else within the patience of the first that waits. */
function createTimer(flush: () => void): { ring(patienceMs: number | undefined): void; clear(): void } {
  let urgent: NodeJS.Immediate | undefined;
  let patient: NodeJS.Timeout | undefined;
  return {
    ring(patienceMs) {
      if (urgent !== undefined) return;
      if (patienceMs === undefined) urgent = setImmediate(flush);
      else patient ??= setTimeout(flush, patienceMs);
    },
    clear() {
      clearImmediate(urgent);
      clearTimeout(patient);
      urgent = undefined;
      patient = undefined;
    },
  };
}

function bytesOf(jobs: readonly QueuedJob[]): number {
  return jobs.reduce((sum, { job }) => sum + (job.bytes?.() ?? 0), 0);
}

interface FileStats {
  readonly pageSize: number;
  readonly lastPageNumber: number;
}

/** Where the used part of the file ends. It never shrinks. */
export function fileBytes(root: RootDatabase<Buffer, string>): number {
  const { lastPageNumber, pageSize } = root.getStats() as FileStats;
  return (lastPageNumber + 1) * pageSize;
}

function openRoot(path: string): RootDatabase<Buffer, string> {
  try {
    mkdirSync(dirname(path), { recursive: true });
    if (!existsSync(path)) requireRoomFor(path);
    const root = open<Buffer, string>({
      path,
      mapSize: MAP_BYTES,
      overlappingSync: false,
      encoding: 'binary',
      maxDbs: 5,
      maxReaders: 256,
    });
    syncDirectory(dirname(path));
    Buffer.allocUnsafeSlow(KEPT_BY_MALLOC_BYTES / 2);
    return root;
  } catch (error) {
    if (error instanceof PipelineError) throw error;
    throw new PipelineError(
      'DATA_DIRECTORY_UNUSABLE',
      `expected to open ${path} for reading and writing, got "${messageOf(error)}"; check the owner, the mode and the free space of its directory`,
      { cause: error },
    );
  }
}

/** A new file is only there after a power cut when the directory that names it is on disk too. */
function syncDirectory(directory: string): void {
  for (const path of [directory, dirname(directory)]) {
    const file = openSync(path, 'r');
    fsyncSync(file);
    closeSync(file);
  }
}

function closedError(path: string): PipelineError {
  return new PipelineError('BUS_CLOSED', `expected ${path} to be open, but it was closed`);
}

function unavailable(path: string, error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  return new PipelineError(
    'BUS_UNAVAILABLE',
    `expected to write to ${path}, got "${messageOf(error)}"; nothing of it was kept, free disk space and send again`,
    { cause: error },
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
