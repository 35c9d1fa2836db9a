import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../core/package-root.js';

interface LockedPackage {
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

describe.each(['package-lock.json', 'test/emitters/package-lock.json'])('%s', (file) => {
  const lock = JSON.parse(readFileSync(join(packageRoot(), file), 'utf8')) as {
    readonly packages: Readonly<Record<string, LockedPackage>>;
  };

  it('names every optional package of every platform, or npm ci refuses it', () => {
    const names = Object.keys(lock.packages);
    const missing = Object.values(lock.packages)
      .flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}))
      .filter((name) => !names.some((path) => path.endsWith(`node_modules/${name}`)));
    expect(missing).toEqual([]);
  });

  it('names no host that packages were fetched from', () => {
    expect(Object.values(lock.packages).filter((entry) => entry.resolved?.startsWith('http') === true)).toEqual([]);
  });
});
