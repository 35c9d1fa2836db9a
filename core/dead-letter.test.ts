import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { appendOrBury, bury, readLetter, readReplayMark, toOriginal, toReplayMark, unsent } from './dead-letter.js';
import { PipelineError } from './errors.js';
import type { LogRecord, StoredRecord } from './log.js';

const VALUE = Buffer.from([0, 255, 1, 2, 3]);

const record: StoredRecord = {
  topic: 'judgements',
  partition: 3,
  offset: 1207,
  key: 'a'.repeat(32),
  value: VALUE,
  headers: { 'assay.tenant': 'größe', '': 'nameless' },
  acceptedAtMs: 1_760_000_000_000,
};
const error = new PipelineError('RECORD_MALFORMED', 'expected JSON,\n  got   noise');

/** A log that keeps what it takes, and refuses what is longer. */
function memoryLog(longest = Infinity) {
  const records: LogRecord[] = [];
  return {
    records,
    async append(given: readonly LogRecord[]) {
      if (given.some(({ value }) => value.length > longest)) throw new PipelineError('RECORD_TOO_LARGE', 'too large');
      records.push(...given);
    },
  };
}

function stored(letter: LogRecord | undefined): StoredRecord {
  return { headers: {}, ...letter!, partition: 0, offset: 9, acceptedAtMs: 1_760_000_005_000 };
}

it('carries a record as it was, with its place, who gave it up and why', async () => {
  const log = memoryLog();
  await bury([{ record, role: 'judge', error }], log);
  expect(log.records).toHaveLength(1);
  expect(log.records[0]).toMatchObject({ topic: 'dead-letters', key: record.key, headers: record.headers });
  const letter = readLetter(stored(log.records[0]))!;
  expect(letter).toEqual({
    ...{ id: 'judgements/3/1207', topic: 'judgements', partition: 3, offset: 1207, key: record.key },
    replaysTo: 'judgements',
    ...{ headers: record.headers, acceptedAtMs: record.acceptedAtMs, givenUpAtMs: 1_760_000_005_000 },
    ...{ role: 'judge', code: 'RECORD_MALFORMED', reason: 'expected JSON, got noise' },
    ...{ bytes: 5, sha256: createHash('sha256').update(VALUE).digest('hex'), value: VALUE },
  });
  const { topic, key, headers, value } = record;
  expect(toOriginal(letter)).toEqual({ topic, key, headers, value });
});

it('cuts a reason by whole characters, and names an error that has no code', async () => {
  const log = memoryLog();
  await bury([{ record, role: 'write', error: new TypeError(`x${'😀'.repeat(600)}`) }], log);
  const { code, reason } = readLetter(stored(log.records[0]))!;
  expect(code).toBe('TypeError');
  expect(reason).toBe(`x${'😀'.repeat(499)}…`);
});

it('is readable when the record was empty, and when what was thrown was no error', async () => {
  const log = memoryLog();
  await bury([{ record: { ...record, value: Buffer.alloc(0) }, role: 'write', error: 'oh' }], log);
  const letter = readLetter(stored(log.records[0]))!;
  expect(letter).toMatchObject({ bytes: 0, code: 'string', reason: 'oh' });
  expect(letter.value).toHaveLength(0);
});

it('goes without the bytes where the topic takes no record of that length, and says how many there were', async () => {
  const log = memoryLog(4);
  const short = { ...record, offset: 1208, value: Buffer.from('fits') };
  await bury(
    [record, short].map((each) => ({ record: each, role: 'write', error })),
    log,
  );
  const [long, other] = log.records.map((each) => readLetter(stored(each))!);
  expect(long).toMatchObject({ id: 'judgements/3/1207', bytes: 5, value: undefined });
  expect(toOriginal(long!)).toBeUndefined();
  expect(Buffer.from(other!.value!).toString()).toBe('fits');
});

it('hands on that the bus is away, so that nobody commits', async () => {
  const away = { append: () => Promise.reject(new PipelineError('BUS_UNAVAILABLE', 'away')) };
  await expect(bury([{ record, role: 'write', error }], away)).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
});

it('has a mark of a replay, under the same key and tenant, that is no letter', async () => {
  const log = memoryLog();
  await bury([{ record, role: 'judge', error }], log);
  const letter = stored(log.records[0]);
  const mark = stored(toReplayMark(readLetter(letter)!));
  expect(mark).toMatchObject({ topic: 'dead-letters', key: record.key });
  expect(mark.headers['assay.tenant']).toBe('größe');
  expect(readReplayMark(mark)).toBe('judgements/3/1207');
  expect(readLetter(mark)).toBeUndefined();
  expect(readReplayMark(letter)).toBeUndefined();
});

it('names what lay on no topic of Assay’s, and says where a replay puts it', async () => {
  const log = memoryLog();
  await bury([{ record, role: 'receive', error, place: 'source:otlp_spans' }], log);
  await bury([unsent({ topic: 'spans', key: 'k', value: VALUE }, { role: 'receive', error, nowMs: 7 })], log);
  const [foreign, mine] = log.records.map((letter) => readLetter(stored(letter))!);
  expect(foreign).toMatchObject({ id: 'source:otlp_spans/3/1207', topic: 'source:otlp_spans', replaysTo: undefined });
  expect(toOriginal(foreign!)).toBeUndefined();
  expect(mine).toMatchObject({ topic: 'unsent:spans', partition: 0, acceptedAtMs: 7, replaysTo: 'spans' });
  expect(mine!.id).toMatch(/^unsent:spans\/0\/\d{1,15}$/);
  expect(toOriginal(mine!)).toEqual({ topic: 'spans', key: 'k', headers: {}, value: VALUE });
});

it('tells of bytes that nobody can have any more', async () => {
  const log = memoryLog();
  await bury([{ record, role: 'bus', error, lost: { bytes: 99, sha256: 'f00d' } }], log);
  const letter = readLetter(stored(log.records[0]))!;
  expect(letter).toMatchObject({ bytes: 99, sha256: 'f00d', value: undefined });
  expect(toOriginal(letter)).toBeUndefined();
});

it('appends all records but those that are too large, which it sets aside', async () => {
  const log = memoryLog(6);
  const options = { log, role: 'sample', nowMs: 7 };
  const value = (text: string): LogRecord => ({ topic: 'judgements', key: text, value: Buffer.from(text) });
  await appendOrBury([value('one'), value('too large'), value('two')], options);
  expect(log.records.map(({ topic, key }) => `${topic} ${key}`)).toEqual([
    'judgements one',
    'dead-letters too large',
    'judgements two',
  ]);
  expect(readLetter(stored(log.records[1]))).toMatchObject({ code: 'RECORD_TOO_LARGE', role: 'sample' });
  const away = new PipelineError('BUS_UNAVAILABLE', 'away');
  await expect(appendOrBury([value('one')], { ...options, log: { append: () => Promise.reject(away) } })).rejects.toBe(
    away,
  );
});

it.each([
  ['no headers', {}],
  ['a topic that there is not', { topic: 'spams' }],
  ['an offset that is none', { offset: '-1' }],
  ['a length that is none', { bytes: '5.5' }],
])('does not take a record for a letter that has %s', async (_, changes) => {
  const log = memoryLog();
  await bury([{ record, role: 'judge', error }], log);
  const changed = Object.fromEntries(Object.entries(changes).map(([name, value]) => [`assay.dead.${name}`, value]));
  const headers = Object.keys(changes).length === 0 ? {} : { ...log.records[0]!.headers, ...changed };
  expect(readLetter({ ...stored(log.records[0]), headers })).toBeUndefined();
});
