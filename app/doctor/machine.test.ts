import { describe, expect, it } from 'vitest';
import { assayConfig } from '../config.js';
import { checkClock, checkLimits, type Machine } from './machine.js';

const NOW = Date.UTC(2026, 5, 1, 12);

function machine(given: Partial<Machine> & { readonly files?: Readonly<Record<string, string>> } = {}): Machine {
  const { files = {}, ...rest } = given;
  return { nowMs: NOW, steadyMs: NOW, readFile: (path) => files[path], freeBytes: () => undefined, ...rest };
}

describe('the clock', () => {
  it('is good when it agrees with the steady one and no record is from the future', () => {
    expect(checkClock(machine(), NOW - 1)).toEqual({
      name: 'clock',
      status: 'ok',
      message: '2026-06-01T12:00:00.000Z',
    });
  });

  it('is wrong before there was an Assay', () => {
    expect(checkClock(machine({ nowMs: 0, steadyMs: 0 }), null)).toMatchObject({
      status: 'fail',
      message: 'expected a time after 2025, got 1970-01-01T00:00:00.000Z; set the clock',
    });
  });

  it('is warned of when it was set while doctor ran', () => {
    expect(checkClock(machine({ steadyMs: NOW + 3_000 }), null)).toMatchObject({
      status: 'warn',
      message: expect.stringContaining('it was set by -3.0 s') as string,
    });
  });

  it('is warned of when it is behind the newest record of the bus', () => {
    expect(checkClock(machine(), NOW + 60_000)).toMatchObject({
      status: 'warn',
      message: expect.stringContaining('60 s before the newest record') as string,
    });
  });
});

describe('the limits', () => {
  const config = assayConfig.parse({});
  const byName = (given: Parameters<typeof machine>[0]): Record<string, readonly [string, string]> =>
    Object.fromEntries(
      checkLimits(config, machine(given)).map(({ name, status, message }) => [name, [status, message]]),
    );

  it('are good where none is known', () => {
    expect(Object.values(byName({})).map(([status]) => status)).toEqual(['ok', 'ok', 'ok']);
  });

  it('of open files are held against the connections', () => {
    const limits = (hard: number): string =>
      `Limit  Soft Limit  Hard Limit  Units\nMax open files  1024  ${hard}  files\n`;
    expect(byName({ files: { '/proc/self/limits': limits(1_024) } })['open files']).toEqual([
      'warn',
      expect.stringContaining('at most 1024, but 2548 may be needed') as string,
    ]);
    expect(byName({ files: { '/proc/self/limits': limits(4_096) } })['open files']).toEqual(['ok', 'at most 4096']);
  });

  it('of shared memory are held against a block of the store', () => {
    expect(byName({ freeBytes: () => 64 * 2 ** 20 })['shared memory']).toEqual([
      'warn',
      expect.stringContaining('64 MiB free in /dev/shm') as string,
    ]);
  });

  it('of a container are held against what the settings allow, in both versions of control groups', () => {
    const small = String(512 * 2 ** 20);
    const second = { '/proc/self/cgroup': '0::/pod/a\n', '/sys/fs/cgroup/pod/a/memory.max': small };
    const first = { '/sys/fs/cgroup/memory/memory.limit_in_bytes': small };
    for (const files of [second, first]) {
      expect(byName({ files })['memory']).toEqual([
        'warn',
        expect.stringMatching(/^the container may use 512 MiB, but the settings allow 1\.2 GiB in all/) as string,
      ]);
    }
    expect(byName({ files: { '/sys/fs/cgroup/memory.max': 'max\n' } })['memory']?.[0]).toBe('ok');
    expect(byName({ files: { '/sys/fs/cgroup/memory.max': String(4 * 2 ** 30) } })['memory']?.[0]).toBe('ok');
  });
});
