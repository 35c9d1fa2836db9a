import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isCode } from './control-address.js';

/** Locks of this process, since its own id in a lock file may also come from a killed process that had the same. */
const held = new Set<string>();

/**
 * Runs `work` while no other process does so for the same folder. The lock is a file that names its owner; one that a
 * killed process left is taken over.
 * @returns undefined, without having run anything, while another has the lock
 */
export async function underControlLock<T>(root: string, work: () => Promise<T>): Promise<T | undefined> {
  const lock = join(root, 'control.lock');
  if (!claim(lock) && !(breakStale(lock) && claim(lock))) return undefined;
  held.add(lock);
  try {
    return await work();
  } finally {
    held.delete(lock);
    rmSync(lock, { force: true });
  }
}

/** A link, so that the file never exists without the id in it. */
function claim(lock: string): boolean {
  const draft = `${lock}.${process.pid}`;
  writeFileSync(draft, String(process.pid));
  try {
    linkSync(draft, lock);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Moves a dead owner's lock away; puts back what turns out to be the lock of somebody who was faster. */
function breakStale(lock: string): boolean {
  const seen = ownerIn(lock);
  if (seen === undefined || isAlive(seen, lock)) return false;
  const moved = `${lock}.${process.pid}.stale`;
  try {
    renameSync(lock, moved);
    if (ownerIn(moved) !== seen) linkSync(moved, lock);
  } catch (error) {
    if (!isCode(error, 'ENOENT') && !isCode(error, 'EEXIST')) throw error;
  } finally {
    rmSync(moved, { force: true });
  }
  return true;
}

function ownerIn(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function isAlive(pid: number, lock: string): boolean {
  if (pid === process.pid) return held.has(lock);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, 'EPERM');
  }
}
