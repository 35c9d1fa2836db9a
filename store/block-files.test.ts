import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BlockFiles } from './block-files.js';

describe('block files', () => {
  let directory: string;
  let memory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'assay-files-'));
    memory = join(directory, 'memory');
    mkdirSync(memory);
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it('are for their owner alone, hold what is written, and are gone when they are removed', async () => {
    const files = new BlockFiles(directory, memory);
    await files.open();
    const file = await files.create();
    await file.write([Buffer.from('one '), Buffer.from('block')]);
    expect(readFileSync(file.path, 'utf8')).toBe('one block');
    expect(statSync(file.path).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(file.path)).mode & 0o777).toBe(0o700);
    await file.remove();
    await file.remove();
    expect(existsSync(file.path)).toBe(false);
    await files.close();
    expect(readdirSync(memory)).toEqual([]);
  });

  it('of a process that was killed are removed at the next start, and only those of the same data directory', async () => {
    const dead = new BlockFiles(directory, memory);
    await dead.open();
    const left = await dead.create();
    await left.write([Buffer.from('text of a trace')]);
    const other = new BlockFiles(join(directory, 'another'), memory);
    mkdirSync(join(directory, 'another'));
    await other.open();
    const others = await other.create();
    const next = new BlockFiles(directory, memory);
    await next.open();
    expect(existsSync(left.path)).toBe(false);
    expect(existsSync(others.path)).toBe(true);
    await left.remove();
    await others.remove();
  });

  it('lie in the data directory where there is no memory for them', async () => {
    const files = new BlockFiles(directory, join(directory, 'nothing'));
    await files.open();
    const file = await files.create();
    expect(dirname(file.path)).toBe(join(directory, 'blocks'));
    await file.remove();
  });

  it('do not lie where the engine would take their path for a pattern', async () => {
    const files = new BlockFiles(join(directory, 'a{b}'), join(directory, 'nothing'));
    await files.open();
    const file = await files.create();
    expect(file.path).not.toMatch(/[*?{}]/);
    await file.remove();
    await files.close();
  });
});
