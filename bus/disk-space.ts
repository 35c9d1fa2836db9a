import { statfsSync } from 'node:fs';
import type { Clock } from '../core/clock.js';

/** Between two looks at the file system, what this instance appends is taken off. */
const LOOK_EVERY_MS = 1_000;

/** The free space of a file system. */
export interface DiskSpace {
  /** In bytes, looked at once a second at most; Infinity where it cannot be known. */
  freeBytes(): number;
  /** Told of what is about to be written. */
  willWrite(bytes: number): void;
}

export interface DiskSpaceDeps {
  readonly clock: Clock;
  readonly statfs?: typeof statfsSync;
}

/** Of the file system that holds this directory. */
export function createDiskSpace(directory: string, { clock, statfs = statfsSync }: DiskSpaceDeps): DiskSpace {
  let freeBytes = Infinity;
  let lookedAtMs = -Infinity;
  let writtenBytes = 0;
  return {
    freeBytes() {
      const nowMs = clock.nowMs();
      if (Math.abs(nowMs - lookedAtMs) >= LOOK_EVERY_MS) {
        freeBytes = look(directory, statfs);
        lookedAtMs = nowMs;
        writtenBytes = 0;
      }
      return Math.max(0, freeBytes - writtenBytes);
    },
    willWrite(bytes) {
      writtenBytes += bytes;
    },
  };
}

/** Some file systems of networks and users do not say: their numbers are 0. */
function look(directory: string, statfs: typeof statfsSync): number {
  try {
    const { bavail, blocks, bsize } = statfs(directory);
    return blocks === 0 ? Infinity : bavail * bsize;
  } catch {
    return Infinity;
  }
}
