import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chooseDirectory } from './demo-directory.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'demo-directory-'));
});
afterEach(() => {
  rmSync(cwd, { recursive: true });
});

const fill = (name: string) => {
  mkdirSync(join(cwd, name));
  writeFileSync(join(cwd, name, 'kept'), '');
};

describe('chooseDirectory', () => {
  it('takes .assay, which the commands find by themselves', () => {
    expect(chooseDirectory(cwd)).toEqual({ path: join(cwd, '.assay'), option: '', shown: './.assay' });
  });

  it('leaves a folder that holds something alone and takes the next number', () => {
    fill('.assay');
    fill('.assay-2');
    expect(chooseDirectory(cwd)).toEqual({
      path: join(cwd, '.assay-3'),
      option: ' --data ./.assay-3',
      shown: './.assay-3',
    });
  });

  it('takes a named folder that is new or empty, and refuses one that holds something', () => {
    mkdirSync(join(cwd, 'empty'));
    fill('full');
    expect(chooseDirectory(cwd, 'empty').option).toBe(' --data ./empty');
    expect(chooseDirectory(join(cwd, 'empty'), join(cwd, 'new')).option).toBe(` --data ${join(cwd, 'new')}`);
    expect(() => chooseDirectory(cwd, 'full')).toThrow(
      `expected --data to name a new or an empty folder, got ${join(cwd, 'full')}, which holds something; choose another`,
    );
  });
});
