import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** More than any run writes. */
const BYTES = 1.5 * 2 ** 30;
const PIECE = Buffer.alloc(2 ** 20);

/**
 * Has this much memory used and freed right before a run, through the page cache. A hypervisor takes back what its guest left
 * idle, and each of those pages then costs 12 µs to write to the first time, where 0.2 µs are usual: whoever runs first would pay
 * for all. On a machine of its own, or one whose memory is in use, this changes nothing.
 */
export function backMemory(): void {
  const directory = mkdtempSync(join(tmpdir(), 'assay-bench-memory-'));
  try {
    const file = openSync(join(directory, 'pages'), 'w');
    for (let written = 0; written < BYTES; written += PIECE.length) writeSync(file, PIECE);
    fdatasyncSync(file);
    closeSync(file);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
