import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { busConfig, createLmdbLog, type EmbeddedLog } from '../../bus/index.js';
import { systemClock } from '../../core/clock.js';
import { bury, unsent } from '../../core/dead-letter.js';
import { PipelineError } from '../../core/errors.js';
import type { LogRecord, StoredRecord, Topic } from '../../core/log.js';
import { silentLogger } from '../../core/logger.js';
import { noMetrics } from '../../core/metrics.js';
import { deadLetterCalls, type LetterLog } from './calls.js';

const never = new AbortController().signal;
const HEADERS = { 'assay.tenant': 'acme' };

let directory: string;
let log: EmbeddedLog;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'assay-letters-'));
  log = await openLog();
});
afterEach(async () => {
  await log.stop(never);
  rmSync(directory, { recursive: true });
});

async function openLog(): Promise<EmbeddedLog> {
  const opened = createLmdbLog(
    { directory, ...busConfig.parse({}) },
    { clock: systemClock, logger: silentLogger, metrics: noMetrics },
  );
  await opened.start(never);
  return opened;
}

async function lying(topic: Topic): Promise<readonly StoredRecord[]> {
  const found: StoredRecord[] = [];
  for await (const records of log.scan(topic, never)) found.push(...records);
  return found;
}

/** Appends a record and gives it up, so often. */
async function dead(topic: Topic, text: string, times = 1): Promise<string> {
  await log.append([{ topic, key: text, value: Buffer.from(text), headers: HEADERS }]);
  const record = (await lying(topic)).at(-1)!;
  const error = new PipelineError('RECORD_MALFORMED', `expected better than ${text}`);
  for (let time = 0; time < times; time += 1) await bury([{ record, role: 'write', error }], log);
  return `${topic}/0/${record.offset}`;
}

it('lists each record once, however often it was given up, the last first', async () => {
  const calls = deadLetterCalls(log);
  expect(await calls.deadLetters(10)).toEqual({ letters: [], total: 0, replayed: 0, unreadable: 0 });
  const ids = [await dead('spans', 'one', 2), await dead('decisions', 'two')];
  await log.append([{ topic: 'dead-letters', key: 'k', value: Buffer.from('of somebody else') }]);
  const { letters, ...counts } = await calls.deadLetters(10);
  expect(counts).toEqual({ total: 2, replayed: 0, unreadable: 1 });
  expect(letters.map(({ id }) => id).sort()).toEqual([...ids].sort());
  expect(letters.find(({ id }) => id === ids[0])).toMatchObject({
    ...{ topic: 'spans', partition: 0, offset: 0, key: 'one', tenant: 'acme', role: 'write', bytes: 3 },
    ...{ code: 'RECORD_MALFORMED', reason: 'expected better than one', hasBytes: true, replayedAt: null },
  });
  const newest = await calls.deadLetters(1);
  expect(newest).toMatchObject({ total: 2 });
  expect(newest.letters).toHaveLength(1);
});

it('shows one with its headers and its bytes, and names what it does not know', async () => {
  const calls = deadLetterCalls(log);
  const id = await dead('judgements', 'text');
  const letter = await calls.deadLetter(id);
  expect(letter).toMatchObject({ id, headers: HEADERS, base64: Buffer.from('text').toString('base64') });
  await expect(calls.deadLetter('judgements/0/99')).rejects.toMatchObject({ code: 'RECORD_UNKNOWN' });
});

it('replays a record as it was, marks it, and leaves it out of all from then on', async () => {
  const calls = deadLetterCalls(log);
  const [first, second] = [await dead('spans', 'first', 2), await dead('decisions', 'second')];
  expect(await calls.replayDeadLetters([first])).toEqual({ replayed: [first], withoutBytes: [], ofSource: [] });
  const [, again] = await lying('spans');
  expect(again).toMatchObject({ key: 'first', headers: HEADERS, offset: 1 });
  expect(Buffer.from(again!.value).toString()).toBe('first');
  expect((await calls.deadLetter(first)).replayedAt).not.toBeNull();
  expect(await calls.replayDeadLetters('all')).toEqual({ replayed: [second], withoutBytes: [], ofSource: [] });
  expect(await calls.replayDeadLetters('all')).toEqual({ replayed: [], withoutBytes: [], ofSource: [] });
  expect(await calls.deadLetters(10)).toMatchObject({ total: 2, replayed: 2 });
  // By its id it may be replayed as often as somebody wants.
  await calls.replayDeadLetters([first, first]);
  expect(await lying('spans')).toHaveLength(3);
});

it('replays what its topic never took, and not what lay on a topic of bus.source', async () => {
  const calls = deadLetterCalls(log);
  const error = new PipelineError('RECORD_TOO_LARGE', 'expected a smaller one');
  const record = { topic: 'spans', key: 'k', value: Buffer.from('text'), headers: HEADERS } as const;
  const stored = { ...record, partition: 2, offset: 9, acceptedAtMs: 0 };
  await bury([{ record: stored, role: 'receive', error, place: 'source:otlp_spans' }], log);
  await bury([unsent(record, { role: 'receive', error, nowMs: 0 })], log);
  const { letters } = await calls.deadLetters(10);
  const mine = letters.find(({ replaysTo }) => replaysTo === 'spans')!.id;
  await expect(calls.replayDeadLetters(['source:otlp_spans/2/9'])).rejects.toThrow(
    'assay dead-letters show source:otlp_spans/2/9 --raw',
  );
  expect(await lying('spans')).toEqual([]);
  expect(await calls.replayDeadLetters('all')).toEqual({
    ...{ replayed: [mine], withoutBytes: [], ofSource: ['source:otlp_spans/2/9'] },
  });
  expect(await lying('spans')).toMatchObject([{ key: 'k', headers: HEADERS }]);
});

it('replays nothing when one of the ids is unknown', async () => {
  const calls = deadLetterCalls(log);
  const id = await dead('spans', 'here');
  const replaying = calls.replayDeadLetters([id, 'spans/0/7']);
  await expect(replaying).rejects.toMatchObject({ code: 'RECORD_UNKNOWN' });
  await expect(replaying).rejects.toThrow('got spans/0/7, of which there is none; nothing was replayed');
  expect(await lying('spans')).toHaveLength(1);
});

it('says how many were replayed when the bus takes no more, and replays the rest the next time', async () => {
  const text = (number: number): string => `${number}`.padEnd(700_000, '.');
  for (let number = 0; number < 4; number += 1) await dead('spans', text(number));
  let appends = 0;
  const failing: LetterLog = {
    scan: (topic, signal) => log.scan(topic, signal),
    state: () => log.state(),
    async append(records: readonly LogRecord[]) {
      appends += 1;
      if (appends === 3) throw new PipelineError('BUS_UNAVAILABLE', 'expected room, got none');
      await log.append(records);
    },
  };
  await expect(deadLetterCalls(failing).replayDeadLetters('all')).rejects.toMatchObject({
    code: 'BUS_UNAVAILABLE',
    message: '2 of 4 records were replayed and are marked so, then: expected room, got none',
  });
  expect((await deadLetterCalls(log).replayDeadLetters('all')).replayed).toEqual(['spans/0/2', 'spans/0/3']);
  const replayed = (await lying('spans')).slice(4).map(({ value }) => Buffer.from(value).toString());
  expect(replayed).toEqual([0, 1, 2, 3].map(text));
});

it('lists what the disk spoilt too, which cannot be replayed', async () => {
  await log.append(['first', 'the-second-one'].map((text) => ({ topic: 'spans', key: 'k', value: Buffer.from(text) })));
  await log.stop(never);
  const path = join(directory, 'log.mdb');
  const bytes = readFileSync(path);
  for (let at = bytes.indexOf('the-second-one'); at !== -1; at = bytes.indexOf('the-second-one', at + 1))
    bytes[at + 4]! ^= 0xff;
  writeFileSync(path, bytes);
  log = await openLog();
  expect(await lying('spans')).toHaveLength(1);
  const calls = deadLetterCalls(log);
  const { letters } = await calls.deadLetters(10);
  expect(letters).toMatchObject([{ id: 'spans/0/1', role: 'bus', code: 'SPOILT', key: null, hasBytes: false }]);
  expect(await calls.deadLetter('spans/0/1')).toMatchObject({ base64: null });
  expect(await calls.replayDeadLetters('all')).toEqual({ replayed: [], withoutBytes: ['spans/0/1'], ofSource: [] });
  await expect(calls.replayDeadLetters(['spans/0/1'])).rejects.toMatchObject({ code: 'RECORD_UNKNOWN' });
});
