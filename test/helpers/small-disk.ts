import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of its own that is soon full. */
export interface SmallDisk {
  readonly directory: string;
  /** Makes it larger, or smaller where nothing lies. */
  resize(mebibytes: number): void;
  /** Throws all away. */
  release(): void;
}

/** Mounts one in memory. @returns undefined where this user may not mount */
export function mountSmallDisk(mebibytes: number): SmallDisk | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'assay-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', directory], { stdio: 'ignore' });
  } catch {
    rmdirSync(directory);
    return undefined;
  }
  return {
    directory,
    resize(size) {
      execFileSync('mount', ['-o', `remount,size=${size}m`, directory]);
    },
    release() {
      // Lazily: a child that was killed may not be gone yet.
      execFileSync('umount', ['-l', directory]);
      rmdirSync(directory);
    },
  };
}

/** Whether this user may mount, so that a test that cannot run is skipped by name. */
export function canMount(): boolean {
  const disk = mountSmallDisk(1);
  disk?.release();
  return disk !== undefined;
}
