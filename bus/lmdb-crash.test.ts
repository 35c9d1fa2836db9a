import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../core/clock.js';
import type { Log, StoredRecord, Topic } from '../core/log.js';
import { silentLogger } from '../core/logger.js';
import { noMetrics } from '../core/metrics.js';
import { runProcess, runThread } from '../test/children/run.js';
import { transpile } from '../test/children/transpile.js';
import { pollCount, textRecord } from '../test/contracts/log.js';
import { busConfig, createLmdbLog } from './index.js';

const never = new AbortController().signal;

describe('the lmdb log, shared by threads and processes', () => {
  let compiled: string;
  let child: string;
  let directory: string;
  let log: Log;

  beforeAll(() => {
    compiled = transpile(['core', 'bus', 'test/children']);
    child = join(compiled, 'test/children/bus-child.js');
  });
  afterAll(async () => {
    await rm(compiled, { recursive: true });
  });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'assay-bus-'));
    log = await openLog();
  });
  afterEach(async () => {
    await log.stop(never);
    await rm(directory, { recursive: true });
  });

  async function openLog(): Promise<Log> {
    const made = createLmdbLog(
      { directory, ...busConfig.parse({}) },
      { clock: systemClock, logger: silentLogger, metrics: noMetrics },
    );
    await made.start(never);
    return made;
  }

  async function everything(topic: Topic): Promise<readonly StoredRecord[]> {
    const end = (await log.endOffsets(topic)).get(0) ?? 0;
    const reader = log.reader(topic, 'test');
    reader.seek(0, 0);
    const records = await pollCount(reader, end);
    await reader.close();
    return records;
  }

  function names(records: readonly StoredRecord[]): readonly string[] {
    return records.map(({ value }) => Buffer.from(value).toString().replace(/\.+$/, ''));
  }

  it('holds every record that was acknowledged before a kill -9, through five kills', { timeout: 60_000 }, async () => {
    const acknowledged: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      const killed = runProcess(child, {
        args: [directory, 'append', 'spans', `r${round}`, '1000000', '10', '3000', '700000'],
      });
      await killed.printed(30 + 7 * round);
      killed.kill();
      const lines = await killed.ended;
      expect(lines.length).toBeGreaterThanOrEqual(30);
      acknowledged.push(...lines.map((line) => line.replace(/^ok /, '')));
      await log.append([textRecord('spans', 'test', `after ${round}`)]);
    }
    await log.stop(never);
    log = await openLog();
    const found = names(await everything('spans'));
    expect(found.filter((name) => acknowledged.includes(name))).toEqual(acknowledged);
    expect(found.filter((name) => name.startsWith('after'))).toHaveLength(5);
    expect(new Set(found).size).toBe(found.length);
  });

  it('holds nothing of an append that died before the flush, and all of one that died after it', async () => {
    const env = (point: string): Record<string, string> => ({ FAULT_POINT: `${point}:3` });
    const args = (name: string): string[] => [directory, 'append', 'spans', name, '10', '5000'];
    const before = await runProcess(child, { args: args('before'), env: env('bus-append-before-flush') }).ended;
    const after = await runProcess(child, { args: args('after'), env: env('bus-append-after-flush') }).ended;
    expect(before).toEqual(['ok before:0', 'ok before:1']);
    expect(after).toEqual(['ok after:0', 'ok after:1']);
    expect(names(await everything('spans'))).toEqual(['before:0', 'before:1', 'after:0', 'after:1', 'after:2']);
  });

  it('goes on from the commit of a reader that was killed', async () => {
    await log.append(Array.from({ length: 500 }, (_, index) => textRecord('spans', 'k', String(index))));
    const first = runProcess(child, { args: [directory, 'drain', 'spans', 'g', '1000000'] });
    await first.printed(250);
    first.kill();
    const seen = (await first.ended).map(Number);
    const rest = (
      await runProcess(child, { args: [directory, 'drain', 'spans', 'g', String(await log.lag('spans', 'g'))] }).ended
    ).map(Number);
    expect(rest[0]).toBeGreaterThan(0);
    expect(rest[0]).toBeLessThanOrEqual(seen.at(-1)! + 1);
    expect(rest.at(-1)).toBe(499);
  });

  it(
    'lets threads append and read at the same time, with nothing lost and each in its order',
    { timeout: 60_000 },
    async () => {
      const appenders = ['a', 'b', 'c'].map((name) =>
        runThread(child, { args: [directory, 'append', 'spans', name, '200', '100', '5000'] }),
      );
      const drain = runThread(child, { args: [directory, 'drain', 'spans', 'g', '800'] });
      for (let index = 0; index < 200; index += 1) await log.append([textRecord('spans', 'main', `main:${index}`)]);
      await Promise.all(appenders.map(({ ended }) => ended));
      const drained = await drain.ended;
      expect(drained).toHaveLength(800);
      for (const name of ['a', 'b', 'c', 'main']) {
        const expected = Array.from({ length: 200 }, (_, index) => `${name}:${index}`);
        expect(drained.filter((line) => line.startsWith(`${name}:`))).toEqual(expected);
      }
      const records = await everything('spans');
      expect(names(records)).toEqual(drained);
      expect(records.map(({ offset }) => offset)).toEqual(Array.from({ length: 800 }, (_, index) => index));
      const times = records.map(({ acceptedAtMs }) => acceptedAtMs);
      expect(times).toEqual([...times].sort((x, y) => x - y));
    },
  );

  it('refuses an append that the disk cannot hold with BUS_UNAVAILABLE, and takes a smaller one afterwards', async () => {
    const args = [directory, 'append', 'spans', 'x', '4', '1000', '9000000', '1000', '1000'];
    const lines = await runProcess(child, { args, fileSizeKib: 4_096 }).ended;
    expect(lines).toEqual(['ok x:0', 'refused BUS_UNAVAILABLE x:1', 'ok x:2', 'ok x:3']);
    await log.stop(never);
    log = await openLog();
    expect(names(await everything('spans'))).toEqual(['x:0', 'x:2', 'x:3']);
  });
});
