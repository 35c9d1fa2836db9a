import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** More than any run writes. */
const BYTES = 1.5 * 2 ** 30;
/** Free pieces of 128 KiB and more are what Linux reports to its hypervisor by default, so none may be left as large. */
const PIECE = Buffer.alloc(16 * 4_096);
const PEG = Buffer.alloc(4_096);

/**
 * Has this much memory used and freed right before a run, through the page cache, and sees to it that it stays the guest's. A
 * hypervisor takes back what its guest left idle (free page reporting), and each of those pages then costs 12 µs to write to
 * the first time, where 0.2 µs are usual: half of the CPU time of whoever writes much to disk. So between the pages that are freed
 * others are kept. On a machine of its own, or one whose memory is in use, this changes nothing.
 *
 * @returns gives back what is kept
 */
export function backMemory(): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'assay-bench-memory-'));
  const giveBack = (): void => {
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const [freed, kept] = ['freed', 'kept'].map((name) => openSync(join(directory, name), 'w')) as [number, number];
    for (let written = 0; written < BYTES; written += PIECE.length) {
      writeSync(freed, PIECE);
      writeSync(kept, PEG);
    }
    for (const file of [freed, kept]) {
      fdatasyncSync(file);
      closeSync(file);
    }
    rmSync(join(directory, 'freed'));
    return giveBack;
  } catch (error) {
    giveBack();
    throw error;
  }
}
