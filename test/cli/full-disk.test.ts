import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runAssay } from '../helpers/assay-process.js';
import { canMount, mountSmallDisk } from '../helpers/small-disk.js';

describe.skipIf(!canMount())('assay up on a full disk (skipped where nobody may mount)', () => {
  it('says so in one sentence, and leaves nothing there', async () => {
    const disk = mountSmallDisk(1)!;
    try {
      expect(() => {
        writeFileSync(join(disk.directory, 'filler'), Buffer.alloc(2 ** 20 + 1));
      }).toThrow('ENOSPC');
      const { code, stderr } = await runAssay(['up', '--data', disk.directory]);
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: `assay: expected a data directory that can be written, got ENOSPC at ${disk.directory}; make room there, or choose another with --data\n`,
      });
      expect(readdirSync(disk.directory)).toEqual(['filler']);
    } finally {
      disk.release();
    }
  });
});
