import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { engineMissing, isEngineInstalled } from './engine-installed.js';

const LIBRARY = '@chdb/lib-linux-x64-gnu';

describe('whether the engine is installed', () => {
  let from: string;
  beforeEach(() => {
    from = join(mkdtempSync(join(tmpdir(), 'assay-engine-')), 'store.js');
  });

  function install(name: string, manifest: object): void {
    const folder = join(from, '..', 'node_modules', name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, main: 'index.js', ...manifest }));
    writeFileSync(join(folder, 'index.js'), 'throw new Error("loaded");');
  }

  it('is so where chdb and the library of this platform are', () => {
    install('chdb', { optionalDependencies: { '@chdb/lib-darwin-arm64': '1.0.0', [LIBRARY]: '1.0.0' } });
    install(LIBRARY, {});
    expect(isEngineInstalled(from)).toBe(true);
  });

  it('is not so where chdb has no library for this platform', () => {
    install('chdb', { optionalDependencies: { [LIBRARY]: '1.0.0' } });
    expect(isEngineInstalled(from)).toBe(false);
  });

  it('is not so without chdb', () => {
    expect(isEngineInstalled(from)).toBe(false);
  });

  it('is so here, where these tests use it', () => {
    expect(isEngineInstalled()).toBe(true);
  });

  it('is told with what to install', () => {
    expect(engineMissing()).toMatchObject({ code: 'ENGINE_MISSING', disposition: 'halt' });
    expect(engineMissing().message).toMatch(/npm install chdb$/);
  });
});
