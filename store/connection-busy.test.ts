import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { storeConfig } from './config.js';
import { openStoreConnection } from './connection.js';

const chdbPath = createRequire(import.meta.url).resolve('chdb');

describe('store connection', () => {
  it('is refused while another process has the store open, by the id of that process, and given when it has ended', async () => {
    const dataDirectory = await mkdtemp(join(tmpdir(), 'assay-store-'));
    const script = `
      const { Session } = require(${JSON.stringify(chdbPath)});
      const session = new Session(${JSON.stringify(dataDirectory)});
      console.log(session.query('SELECT 1', 'TSV'));
      process.stdin.resume();`;
    const owner = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'ignore'] });
    try {
      await once(owner.stdout, 'data');
      await expect(openStoreConnection({ ...storeConfig.parse({}), dataDirectory })).rejects.toMatchObject({
        code: 'DATA_DIRECTORY_BUSY',
        message: `expected the store in ${dataDirectory} to be free, but process ${owner.pid} has it open; stop that one or use another data directory`,
      });
    } finally {
      const exited = once(owner, 'exit');
      owner.kill('SIGKILL');
      await exited;
    }
    const connection = await openStoreConnection({ ...storeConfig.parse({}), dataDirectory });
    expect(await connection.rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await connection.close();
    await rm(dataDirectory, { recursive: true, force: true });
  });
});
