import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { systemClock } from '../core/clock.js';
import { silentLogger } from '../core/logger.js';
import { noMetrics, type Metrics } from '../core/metrics.js';
import { pollCount, textRecord, texts } from '../test/contracts/log.js';
import { openDeadLetters, type DeadLetter } from './dead-letters.js';
import { openEnvironment } from './environment.js';
import { busConfig, createLmdbLog, type EmbeddedLog } from './index.js';
import { openTables } from './tables.js';

const never = new AbortController().signal;
const nothing = { maxRecords: 10, maxBytes: 2 ** 20, waitMs: 0 };

let directory: string;
let skipped: number;
const error = vi.fn();
const opened: EmbeddedLog[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'assay-dead-'));
  skipped = 0;
  error.mockClear();
});
afterEach(async () => {
  for (const log of opened.splice(0)) await log.stop(never);
  await rm(directory, { recursive: true });
});

async function openLog(): Promise<EmbeddedLog> {
  const counter: Metrics['counter'] = (name) => ({
    add(amount) {
      if (name === 'assay_bus_corrupt_records_total') skipped += amount;
    },
  });
  const log = createLmdbLog(
    { directory, ...busConfig.parse({}) },
    { clock: systemClock, logger: { ...silentLogger, error }, metrics: { ...noMetrics, counter } },
  );
  opened.push(log);
  await log.start(never);
  return log;
}

/** Changes the byte that lies `shift` after each occurrence of the text in the file: old pages hold copies. */
async function spoil(text: string, shift: number): Promise<void> {
  const path = join(directory, 'log.mdb');
  const bytes = await readFile(path);
  const places: number[] = [];
  for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + 1)) places.push(at + shift);
  expect(places).not.toHaveLength(0);
  for (const place of places) bytes[place]! ^= 0xff;
  await writeFile(path, bytes);
}

async function letters(): Promise<readonly DeadLetter[]> {
  const environment = openEnvironment(join(directory, 'log.mdb'));
  const found = openDeadLetters(environment, openTables(environment)).list();
  await environment.close();
  return found;
}

it('sets a record aside whose bytes have changed, with its place and hash, and keeps its neighbours', async () => {
  const log = await openLog();
  await log.append(['first', 'the-second-one', 'third'].map((text) => textRecord('spans', 'k', text)));
  await log.stop(never);
  await spoil('the-second-one', 4);
  const again = await openLog();
  expect(texts(await pollCount(again.reader('spans', 'g'), 2))).toEqual(['first', 'third']);
  const [letter, ...more] = await letters();
  expect(more).toEqual([]);
  expect(letter).toMatchObject({ topic: 'spans', partition: 0, firstOffset: 1, endOffset: 2, reason: 'record' });
  expect(letter).toMatchObject({ bytes: 12 + 'k'.length + 'the-second-one'.length });
  expect(letter!.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(letter!.sha256).not.toBe(createHash('sha256').update('').digest('hex'));
});

it('says and counts it once, whichever groups find it, also after a restart', async () => {
  const log = await openLog();
  await log.append(['first', 'the-second-one', 'third'].map((text) => textRecord('spans', 'k', text)));
  await log.stop(never);
  await spoil('the-second-one', 4);
  const again = await openLog();
  for (const group of ['a', 'b']) await pollCount(again.reader('spans', group), 2);
  await again.stop(never);
  await pollCount((await openLog()).reader('spans', 'c'), 2);
  expect(skipped).toBe(1);
  expect(error).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({ topic: 'spans', firstOffset: 1, endOffset: 2, reason: 'record' }),
    expect.stringContaining('skipped'),
  );
});

it('skips and counts all records of a block whose header has changed, and goes on behind it', async () => {
  const log = await openLog();
  await log.append(['in-the-spoilt-block', 'b', 'c'].map((text) => textRecord('spans', 'key', text)));
  await log.append([textRecord('spans', 'k', 'behind')]);
  await log.stop(never);
  const bodyHeader = 12 + 'key'.length;
  await spoil('in-the-spoilt-block', -bodyHeader - 1);
  const again = await openLog();
  expect(texts(await pollCount(again.reader('spans', 'g'), 1))).toEqual(['behind']);
  expect(skipped).toBe(3);
  expect(await letters()).toMatchObject([{ firstOffset: 0, endOffset: 3, reason: 'block' }]);
});

it('lets a group move on when the spoilt record is the newest, so that nothing waits for it', async () => {
  const log = await openLog();
  await log.append(['first', 'the-last-one'].map((text) => textRecord('spans', 'k', text)));
  await log.stop(never);
  await spoil('the-last-one', 4);
  const again = await openLog();
  const reader = again.reader('spans', 'g');
  await pollCount(reader, 1);
  expect(await reader.poll(nothing, never)).toEqual([]);
  await reader.commit(0, 1);
  expect(await again.lag('spans', 'g')).toBe(0);
  expect(await reader.committed()).toEqual(new Map([[0, 2]]));
});

it('leaves a spoilt record out of the lag when its neighbour is erased', async () => {
  const log = await openLog();
  await log.append(['one', 'the-second-one'].map((text) => textRecord('spans', 'kept', text)));
  await log.append([textRecord('spans', 'gone', 'three'), textRecord('spans', 'kept', 'four')]);
  await log.stop(never);
  await spoil('the-second-one', 4);
  const again = await openLog();
  await pollCount(again.reader('spans', 'g'), 3);
  await again.erase(['gone']);
  expect(await again.lag('spans', 'other')).toBe(2);
  expect(texts(await pollCount(again.reader('spans', 'other'), 2))).toEqual(['one', 'four']);
  expect(skipped).toBe(1);
});

it('keeps the thousand that were found last', async () => {
  const environment = openEnvironment(join(directory, 'log.mdb'));
  const dead = openDeadLetters(environment, openTables(environment));
  const letter = (offset: number): DeadLetter => ({
    ...{ topic: 'spans', partition: 0, firstOffset: offset, endOffset: offset + 1, reason: 'record' },
    ...{ acceptedAtMs: 0, foundAtMs: 10_000 - offset, bytes: 1, sha256: '' },
  });
  const put = (from: number, to: number): Promise<void> =>
    environment.write({
      apply() {
        for (let offset = from; offset < to; offset += 1) expect(dead.put(letter(offset))).toBe(true);
      },
    });
  await put(0, 1_000);
  expect(dead.list()).toHaveLength(1_000);
  await put(1_000, 1_003);
  const kept = dead.list().map(({ firstOffset }) => firstOffset);
  await environment.close();
  expect(kept).toHaveLength(1_000);
  expect(kept.at(-1)).toBe(0);
});
