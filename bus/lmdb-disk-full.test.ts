import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../core/clock.js';
import { silentLogger } from '../core/logger.js';
import { noMetrics, type Metrics } from '../core/metrics.js';
import { pollCount, textRecord, texts } from '../test/contracts/log.js';
import { transpile } from '../test/children/transpile.js';
import { canMount, mountSmallDisk, type SmallDisk } from '../test/helpers/small-disk.js';
import { busConfig, createLmdbLog, createLmdbState, type BusConfig, type EmbeddedLog } from './index.js';

const never = new AbortController().signal;
const MIB = 2 ** 20;

describe.skipIf(!canMount())('the lmdb log on a disk that fills up (skipped where nobody may mount)', () => {
  let disk: SmallDisk;
  let refused: Record<string, number>;
  const logs: EmbeddedLog[] = [];

  let compiled: string;

  beforeAll(() => {
    compiled = transpile(['core', 'bus', 'test/children']);
  });
  afterAll(() => {
    rmSync(compiled, { recursive: true });
  });
  beforeEach(() => {
    disk = mountSmallDisk(24)!;
    refused = {};
  });
  afterEach(async () => {
    for (const log of logs.splice(0)) await log.stop(never);
    disk.release();
  });

  async function openLog(config: Partial<BusConfig> = {}): Promise<EmbeddedLog> {
    const counter: Metrics['counter'] = (name) => ({
      add(amount, labels) {
        if (name !== 'assay_bus_refused_records_total') return;
        const { reason = '' } = labels as Record<string, string>;
        refused[reason] = (refused[reason] ?? 0) + amount;
      },
    });
    const options = { directory: join(disk.directory, 'bus'), ...busConfig.parse({}), minFreeBytes: 8 * MIB };
    const log = createLmdbLog(
      { ...options, ...config },
      { clock: systemClock, logger: silentLogger, metrics: { ...noMetrics, counter } },
    );
    logs.push(log);
    await log.start(never);
    return log;
  }

  const filler = (): string => join(disk.directory, 'filler');
  const span = textRecord('spans', 'k', 'x'.repeat(200_000));

  it('refuses spans and logs before it is full, takes what consumers write, and takes all when there is room', async () => {
    const log = await openLog();
    await log.append([span]);
    expect(log.refusal()).toBeUndefined();
    writeFileSync(filler(), Buffer.alloc(17 * MIB));
    await vi.waitUntil(() => log.refusal() !== undefined, 5_000);
    expect(log.refusal()).toMatch(
      /at least bus\.minFreeBytes = 8388608 bytes free on the disk of .*bus, got \d+; make/,
    );
    for (const topic of ['spans', 'logs'] as const)
      await expect(log.append([{ ...span, topic }])).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    await log.append([{ ...span, topic: 'decisions' }]);
    expect(refused).toEqual({ disk: 2 });
    rmSync(filler());
    await vi.waitUntil(() => log.refusal() === undefined, 5_000);
    await log.append([span]);
    expect((await log.endOffsets('spans')).get(0)).toBe(2);
  });

  it('keeps nothing of an append that the full disk refuses, and goes on with all before it when there is room', async () => {
    const log = await openLog({ minFreeBytes: 0 });
    const state = createLmdbState({ directory: join(disk.directory, 'state'), name: 'test' });
    await state.start(never);
    await state.put([['kept', 'before']]);
    const kept: string[] = [];
    const send = async (text: string): Promise<void> => {
      await log.append([textRecord('spans', 'k', text.padEnd(300_000, '.'))]);
      kept.push(text);
    };
    const fill = async (): Promise<void> => {
      for (let index = 0; ; index += 1) await send(`${index}`);
    };
    await expect(fill()).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    await expect(state.put([['lost', 'x'.repeat(2 * MIB)]])).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    await expect(send('still full')).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    expect([state.get('kept'), state.get('lost')]).toEqual(['before', undefined]);
    disk.resize(48);
    await send('with room');
    await state.put([['lost', 'y'.repeat(2 * MIB)]]);
    await state.stop(never);
    await log.stop(never);
    const again = await openLog();
    const found = texts(await pollCount(again.reader('spans', 'g'), kept.length));
    expect(found.map((text) => text.replace(/\.+$/, ''))).toEqual(kept);
    expect((await again.endOffsets('spans')).get(0)).toBe(kept.length);
  });

  it('never lets lmdb find the disk full, which it does not survive, and goes on', { timeout: 30_000 }, () => {
    const child = join(compiled, 'test/children/bus-child.js');
    const flood = (count: number): SpawnSyncReturns<string> => {
      const args = [join(disk.directory, 'bus'), 'flood', 'decisions', String(count), '12', '400000'];
      return spawnSync(process.execPath, [child, ...args], { encoding: 'utf8' });
    };
    expect(flood(5).stdout).toBe('ok\n'.repeat(5));
    expect(() => {
      writeFileSync(filler(), Buffer.alloc(24 * MIB));
    }).toThrow('ENOSPC');
    const { stdout, stderr } = flood(100);
    // lmdb says so there.
    expect(stderr).toBe('');
    // The first may find room that its file was given before.
    expect(stdout).toMatch(/^(ok\n)?(refused BUS_UNAVAILABLE\n){99,100}$/);
    rmSync(filler());
    expect(flood(5).stdout).toBe('ok\n'.repeat(5));
  });

  it('is not made on a disk without room for it, in one sentence', async () => {
    writeFileSync(filler(), Buffer.alloc(23 * MIB));
    await expect(openLog()).rejects.toMatchObject({
      code: 'DATA_DIRECTORY_UNUSABLE',
      message: expect.stringMatching(
        /^expected at least 2097152 bytes free to make .*log\.mdb, got \d+; free/,
      ) as string,
    });
  });

  it('removes what every group has committed when the disk is nearly full, and takes spans into the room in its file', async () => {
    const retention = { ...busConfig.parse({}).retention, sweepIntervalMs: 10 };
    const log = await openLog({ minFreeBytes: 4 * MIB, retention });
    const reader = log.reader('spans', 'g');
    const fill = async (): Promise<void> => {
      for (;;) await log.append([span]);
    };
    await expect(fill()).rejects.toMatchObject({ message: expect.stringContaining('minFreeBytes') as string });
    const end = (await log.endOffsets('spans')).get(0)!;
    await reader.commit(0, end);
    await vi.waitFor(() => log.append([span]), 5_000);
    expect(await log.lag('spans', 'g')).toBe(1);
  });
});
