import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PipelineError } from '../../core/errors.js';
import type { LogReader, LogRecord, PollOptions, ScannableLog, StoredRecord, Topic } from '../../core/log.js';

/** A place where logs can be opened on the same records, one after the other or at the same time. */
export interface LogPlace {
  /** A started log on this place's records. */
  open(): Promise<ScannableLog>;
  /** Stops what is still open and removes the records. */
  dispose(): Promise<void>;
}

const never = new AbortController().signal;
const wide: PollOptions = { maxRecords: 10_000, maxBytes: 64 * 2 ** 20, waitMs: 5_000 };

/** A record whose value is this text. */
export function textRecord(topic: Topic, key: string, text: string): LogRecord {
  return { topic, key, value: Buffer.from(text) };
}

/** The values of records, as text. */
export function texts(records: readonly StoredRecord[]): readonly string[] {
  return records.map(({ value }) => Buffer.from(value).toString());
}

/** Polls until this many records came. Throws when a poll stays empty. */
export async function pollCount(reader: LogReader, count: number, options = wide): Promise<readonly StoredRecord[]> {
  const records: StoredRecord[] = [];
  while (records.length < count) {
    const polled = await reader.poll(
      { ...options, maxRecords: Math.min(options.maxRecords, count - records.length) },
      never,
    );
    if (polled.length === 0) throw new Error(`expected ${count} records, got ${records.length} and then an empty poll`);
    records.push(...polled);
  }
  return records;
}

/** All that a scan gives. */
export async function scanned(log: ScannableLog, topic: Topic): Promise<readonly StoredRecord[]> {
  const found: StoredRecord[] = [];
  for await (const records of log.scan(topic, never)) found.push(...records);
  return found;
}

/** In what one bus may differ from another. */
export interface LogTraits {
  /** Records of different keys keep their order too, as on a single partition. */
  readonly keepsOrderAcrossKeys: boolean;
  /** Takes single records out. */
  readonly erases: boolean;
  readonly largestValueBytes: number;
}

/** The contract of a bus: run for every implementation. `makePlace` gives an empty place for each test. */
export function describeLog(name: string, makePlace: () => Promise<LogPlace>, traits: LogTraits): void {
  describe(`${name} as a Log`, () => {
    let place: LogPlace;
    let log: ScannableLog;

    beforeEach(async () => {
      place = await makePlace();
      log = await place.open();
    });
    afterEach(async () => {
      await place.dispose();
    });

    async function reopen(): Promise<ScannableLog> {
      await log.stop(never);
      log = await place.open();
      return log;
    }

    it('gives the records of a key in the order they were appended, with growing offsets from 0', async () => {
      await log.append([textRecord('spans', 'a', '1'), textRecord('spans', 'a', '2')]);
      await log.append([textRecord('spans', 'a', '3')]);
      const records = await pollCount(log.reader('spans', 'g'), 3);
      expect(texts(records)).toEqual(['1', '2', '3']);
      expect(records.map(({ topic, key }) => [topic, key])).toEqual([
        ['spans', 'a'],
        ['spans', 'a'],
        ['spans', 'a'],
      ]);
      const offsets = records.map(({ offset }) => offset);
      expect(offsets[0]).toBe(0);
      expect(offsets[1]).toBeGreaterThan(offsets[0]!);
      expect(offsets[2]).toBeGreaterThan(offsets[1]!);
    });

    it('stamps records with a bus time that never goes back', async () => {
      const before = Date.now();
      for (const text of ['1', '2', '3']) await log.append([textRecord('spans', 'a', text)]);
      const times = (await pollCount(log.reader('spans', 'g'), 3)).map(({ acceptedAtMs }) => acceptedAtMs);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(times[0]).toBeGreaterThanOrEqual(before - 1_000);
      expect(times[2]).toBeLessThanOrEqual(Date.now() + 1_000);
    });

    it('keeps topics apart, also when one append holds several', async () => {
      await log.append([
        textRecord('spans', 'a', 's'),
        textRecord('decisions', 'a', 'd'),
        textRecord('verdicts', 'a', 'v'),
      ]);
      expect(texts(await pollCount(log.reader('decisions', 'g'), 1))).toEqual(['d']);
      expect(texts(await pollCount(log.reader('verdicts', 'g'), 1))).toEqual(['v']);
      expect(texts(await pollCount(log.reader('spans', 'g'), 1))).toEqual(['s']);
    });

    it('keeps headers, empty values and every byte of binary values', async () => {
      const value = Uint8Array.from({ length: 256 }, (_, index) => index);
      const headers = { 'assay.tenant': 'größe', empty: '', '': 'nameless' };
      await log.append([
        { topic: 'spans', key: 'ключ', value, headers },
        { topic: 'spans', key: 'ключ', value: new Uint8Array(0) },
        { topic: 'spans', key: 'ключ', value, headers: { 'assay.tenant': 'other' } },
      ]);
      const [first, second, third] = await pollCount(log.reader('spans', 'g'), 3);
      expect(first).toMatchObject({ key: 'ключ', headers });
      expect(Buffer.from(first!.value).equals(value)).toBe(true);
      expect(second!.headers).toEqual({});
      expect(second!.value).toHaveLength(0);
      expect(third!.headers).toEqual({ 'assay.tenant': 'other' });
    });

    it('delivers again what was polled and not committed, after a restart', async () => {
      await log.append([textRecord('spans', 'a', '1'), textRecord('spans', 'b', '2')]);
      expect(await pollCount(log.reader('spans', 'g'), 2)).toHaveLength(2);
      const again = await pollCount((await reopen()).reader('spans', 'g'), 2);
      expect(traits.keepsOrderAcrossKeys ? texts(again) : [...texts(again)].sort()).toEqual(['1', '2']);
    });

    it('goes on at the committed offset after a restart', async () => {
      await log.append(['1', '2', '3'].map((text) => textRecord('spans', 'a', text)));
      const reader = log.reader('spans', 'g');
      const [first] = await pollCount(reader, 3);
      await reader.commit(first!.partition, first!.offset + 1);
      const records = await pollCount((await reopen()).reader('spans', 'g'), 2);
      expect(texts(records)).toEqual(['2', '3']);
    });

    it('continues its offsets after a restart', async () => {
      await log.append([textRecord('spans', 'a', '1')]);
      await (await reopen()).append([textRecord('spans', 'a', '2')]);
      const [first, second] = await pollCount(log.reader('spans', 'g'), 2);
      expect(second!.offset).toBeGreaterThan(first!.offset);
      const ends = await log.endOffsets('spans');
      expect(ends.get(second!.partition)).toBe(second!.offset + 1);
    });

    it('lets two groups read the same topic without knowing of each other', async () => {
      await log.append([textRecord('spans', 'a', '1'), textRecord('spans', 'a', '2')]);
      const one = log.reader('spans', 'one');
      const [, last] = await pollCount(one, 2);
      await one.commit(last!.partition, last!.offset + 1);
      expect(texts(await pollCount(log.reader('spans', 'two'), 2))).toEqual(['1', '2']);
      expect(await log.lag('spans', 'one')).toBe(0);
      expect(await log.lag('spans', 'two')).toBe(2);
    });

    it('gives one member a reader of each topic, with the partitions of the same numbers', async () => {
      const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
      const topics = ['spans', 'logs', 'decisions'] as const;
      const readers = log.readers(topics, 'g');
      for (const topic of topics) await log.append(keys.map((key) => textRecord(topic, key, `${topic} ${key}`)));
      for (const topic of topics) {
        const records = await pollCount(readers[topic], keys.length);
        expect([...texts(records)].sort()).toEqual(keys.map((key) => `${topic} ${key}`));
        for (const { partition } of records) expect(readers[topic].assigned().get(partition)).toBeGreaterThan(0);
        expect(readers[topic].assigned()).toEqual(readers.spans.assigned());
      }
      const [first] = await pollCount(log.reader('spans', 'other'), 1);
      await readers.spans.commit(first!.partition, first!.offset + 1);
      expect(await log.lag('spans', 'g')).toBe(keys.length - 1);
      expect(await log.lag('logs', 'g')).toBe(keys.length);
    });

    it('never moves a commit back', async () => {
      await log.append(['1', '2', '3'].map((text) => textRecord('spans', 'a', text)));
      const reader = log.reader('spans', 'g');
      const [first, , third] = await pollCount(reader, 3);
      await reader.commit(third!.partition, third!.offset);
      await reader.commit(first!.partition, first!.offset);
      expect((await reader.committed()).get(third!.partition)).toBe(third!.offset);
      expect(texts(await pollCount((await reopen()).reader('spans', 'g'), 1))).toEqual(['3']);
    });

    it('says 0 for a group that committed nothing', async () => {
      await log.append([textRecord('spans', 'a', '1')]);
      const reader = log.reader('spans', 'g');
      const [record] = await pollCount(reader, 1);
      expect((await reader.committed()).get(record!.partition)).toBe(0);
    });

    it('counts as lag what a group has not committed', async () => {
      const reader = log.reader('spans', 'g');
      expect(await log.lag('spans', 'g')).toBe(0);
      await log.append(['1', '2', '3'].map((text) => textRecord('spans', 'a', text)));
      expect(await log.lag('spans', 'g')).toBe(3);
      const records = await pollCount(reader, 3);
      expect(await log.lag('spans', 'g')).toBe(3);
      await reader.commit(records[1]!.partition, records[1]!.offset + 1);
      expect(await log.lag('spans', 'g')).toBe(1);
    });

    it('reads again from where it is told to seek, and leaves the commit alone', async () => {
      await log.append(['1', '2', '3'].map((text) => textRecord('spans', 'a', text)));
      const reader = log.reader('spans', 'g');
      const records = await pollCount(reader, 3);
      const { partition, offset } = records[1]!;
      await reader.commit(partition, records[2]!.offset + 1);
      reader.seek(partition, offset);
      expect(texts(await pollCount(reader, 2))).toEqual(['2', '3']);
      expect((await reader.committed()).get(partition)).toBe(records[2]!.offset + 1);
    });

    it('stops a poll at maxRecords and at maxBytes, and gives one record at least', async () => {
      await log.append(
        ['x'.repeat(1_000), 'y'.repeat(1_000), 'z'.repeat(1_000)].map((text) => textRecord('spans', 'a', text)),
      );
      const reader = log.reader('spans', 'g');
      expect(await reader.poll({ ...wide, maxRecords: 1 }, never)).toHaveLength(1);
      expect(await reader.poll({ ...wide, maxBytes: 10 }, never)).toHaveLength(1);
      expect(await reader.poll(wide, never)).toHaveLength(1);
    });

    it('answers empty after waitMs when nothing comes', async () => {
      const reader = log.reader('spans', 'g');
      const startedMs = performance.now();
      expect(await reader.poll({ ...wide, waitMs: 60 }, never)).toEqual([]);
      expect(performance.now() - startedMs).toBeGreaterThanOrEqual(50);
    });

    it('ends a waiting poll with what was appended meanwhile', async () => {
      const reader = log.reader('spans', 'g');
      const waiting = reader.poll({ ...wide, waitMs: 20_000 }, never);
      await log.append([textRecord('spans', 'a', '1')]);
      expect(texts(await waiting)).toEqual(['1']);
    });

    it('ends a waiting poll, empty, when the signal aborts', async () => {
      const reader = log.reader('spans', 'g');
      const abort = new AbortController();
      const waiting = reader.poll({ ...wide, waitMs: 60_000 }, abort.signal);
      abort.abort();
      expect(await waiting).toEqual([]);
    });

    it('ends a waiting poll, empty, when the reader closes', async () => {
      const reader = log.reader('spans', 'g');
      const waiting = reader.poll({ ...wide, waitMs: 60_000 }, never);
      await reader.close();
      expect(await waiting).toEqual([]);
    });

    it('ends a waiting poll, empty, when the log stops', async () => {
      const waiting = log.reader('spans', 'g').poll({ ...wide, waitMs: 60_000 }, never);
      await log.stop(never);
      expect(await waiting).toEqual([]);
    });

    it('gives nothing while paused, and goes on where it was once resumed', async () => {
      await log.append([textRecord('spans', 'a', '1'), textRecord('spans', 'a', '2')]);
      const reader = log.reader('spans', 'g');
      await pollCount(reader, 1);
      reader.pause();
      expect(await reader.poll({ ...wide, waitMs: 50 }, never)).toEqual([]);
      reader.resume();
      expect(texts(await pollCount(reader, 1))).toEqual(['2']);
    });

    it('holds every record of many concurrent appends, each key in its order', async () => {
      const keys = ['a', 'b', 'c', 'd', 'e'];
      await Promise.all(
        keys.map(async (key) => {
          for (let turn = 0; turn < 20; turn += 1) {
            await log.append([textRecord('spans', key, `${turn}.0`), textRecord('spans', key, `${turn}.1`)]);
          }
        }),
      );
      const records = await pollCount(log.reader('spans', 'g'), 200);
      const expected = Array.from({ length: 20 }, (_, turn) => [`${turn}.0`, `${turn}.1`]).flat();
      for (const key of keys) expect(texts(records.filter((record) => record.key === key))).toEqual(expected);
      expect(new Set(records.map(({ offset, partition }) => `${partition}:${offset}`)).size).toBe(200);
    });

    it('keeps the order of appends that were not awaited', async () => {
      await Promise.all(
        Array.from({ length: 50 }, (_, index) => log.append([textRecord('spans', 'a', String(index))])),
      );
      const records = await pollCount(log.reader('spans', 'g'), 50);
      expect(texts(records)).toEqual(Array.from({ length: 50 }, (_, index) => String(index)));
    });

    it(`carries values of ${traits.largestValueBytes} bytes`, async () => {
      const value = Buffer.alloc(traits.largestValueBytes, 'assay');
      await log.append([{ topic: 'judgements', key: 'a', value }, textRecord('judgements', 'a', 'after')]);
      const [large, after] = await pollCount(log.reader('judgements', 'g'), 2);
      expect(value.equals(large!.value)).toBe(true);
      expect(texts([after!])).toEqual(['after']);
    });

    it('carries many small records in one append', async () => {
      await log.append(
        Array.from({ length: 20_000 }, (_, index) => textRecord('spend', `k${index % 7}`, String(index))),
      );
      const reader = log.reader('spend', 'g');
      const records = await pollCount(reader, 20_000, { ...wide, maxRecords: 999 });
      expect(new Set(texts(records)).size).toBe(20_000);
      expect(await log.lag('spend', 'g')).toBe(20_000);
    });

    it('gives who scans a topic all of it, as often as it is asked, whatever groups have committed', async () => {
      expect(await scanned(log, 'dead-letters')).toEqual([]);
      const records = Array.from({ length: 30 }, (_, at) => textRecord('dead-letters', `k${at % 4}`, String(at)));
      await log.append(records.map((record) => ({ ...record, headers: { 'assay.tenant': 'acme' } })));
      await log.append([textRecord('spans', 'k0', 'another topic')]);
      const reader = log.reader('dead-letters', 'g');
      for (const { partition, offset } of await pollCount(reader, 30)) await reader.commit(partition, offset + 1);
      await reader.close();
      for (let times = 0; times < 2; times += 1) {
        const found = await scanned(log, 'dead-letters');
        for (const key of ['k0', 'k1', 'k2', 'k3'])
          expect(texts(found.filter((record) => record.key === key))).toEqual(
            texts(records.filter((record) => record.key === key).map((record) => record as StoredRecord)),
          );
        expect(found).toHaveLength(30);
        expect(found[0]).toMatchObject({ topic: 'dead-letters', headers: { 'assay.tenant': 'acme' } });
      }
    });

    it('ends a scan with the reason of a signal that aborts', async () => {
      await log.append([textRecord('spans', 'a', '1')]);
      const reason = new Error('enough');
      const scan = async (): Promise<void> => {
        for await (const records of log.scan('spans', AbortSignal.abort(reason))) expect(records).toEqual([]);
      };
      await expect(scan()).rejects.toBe(reason);
    });

    it('takes an empty append', async () => {
      await log.append([]);
      expect([...(await log.endOffsets('spans')).values()].every((end) => end === 0)).toBe(true);
    });

    it('lets a second open log read what the first appends, and the other way round', async () => {
      const second = await place.open();
      const reader = second.reader('spans', 'g');
      const waiting = reader.poll({ ...wide, waitMs: 20_000 }, never);
      await log.append([textRecord('spans', 'a', '1')]);
      expect(texts(await waiting)).toEqual(['1']);
      await second.append([textRecord('spans', 'a', '2')]);
      expect(texts(await pollCount(reader, 1))).toEqual(['2']);
      expect(texts(await pollCount(log.reader('spans', 'other'), 2))).toEqual(['1', '2']);
    });

    it.runIf(!traits.erases)('says that it takes no single records out, and takes none', async () => {
      await log.append([textRecord('spans', 'a', '1')]);
      expect(await log.erase(['a'])).toBeNull();
      expect(texts(await pollCount(log.reader('spans', 'g'), 1))).toEqual(['1']);
    });

    it.runIf(traits.erases)(
      'erases the records of a key from every topic, and gives the others at their offsets',
      async () => {
        await log.append(['1', '2', '3', '4'].map((text) => textRecord('spans', Number(text) % 2 ? 'a' : 'b', text)));
        await log.append([textRecord('verdicts', 'a', 'v'), textRecord('verdicts', 'c', 'w')]);
        const before = await pollCount(log.reader('spans', 'before'), 4);
        expect(await log.erase(['a', 'nobody'])).toBe(3);
        const records = await pollCount(log.reader('spans', 'g'), 2);
        expect(texts(records)).toEqual(['2', '4']);
        expect(records.map(({ offset }) => offset)).toEqual([before[1]!.offset, before[3]!.offset]);
        expect(texts(await pollCount(log.reader('verdicts', 'g'), 1))).toEqual(['w']);
        expect(await log.erase(['a'])).toBe(0);
      },
    );

    it.runIf(traits.erases)('erases of a key only what it is asked to, by topic, place and headers', async () => {
      const of = (tenant: string, text: string): LogRecord => ({
        ...textRecord('spans', 'a', text),
        headers: { tenant },
      });
      await log.append([of('x', '1'), of('y', '2'), of('x', '3'), of('x', '4')]);
      await log.append([textRecord('spend', 'a', 'money')]);
      const [, , third] = await pollCount(log.reader('spans', 'before'), 4);
      const erased = await log.erase(
        ['a'],
        ({ topic, partition, offset, headers }) =>
          topic === 'spans' && headers['tenant'] === 'x' && partition === third!.partition && offset <= third!.offset,
      );
      expect(erased).toBe(2);
      expect(texts(await pollCount(log.reader('spans', 'g'), 2))).toEqual(['2', '4']);
      expect(texts(await pollCount(log.reader('spend', 'g'), 1))).toEqual(['money']);
    });

    it.runIf(traits.erases)('keeps what it erased erased after a restart, and goes on with its offsets', async () => {
      await log.append([textRecord('spans', 'b', '1'), textRecord('spans', 'a', '2')]);
      const ends = await log.endOffsets('spans');
      await log.erase(['a']);
      await reopen();
      expect(await log.endOffsets('spans')).toEqual(ends);
      await log.append([textRecord('spans', 'a', '3')]);
      expect(texts(await pollCount(log.reader('spans', 'g'), 2))).toEqual(['1', '3']);
    });

    it.runIf(traits.erases)(
      'goes on behind erased records in a reader that stands among them, and gives it none of them',
      async () => {
        await log.append(['1', '2', '3', '4', '5'].map((text) => textRecord('spans', `k${text}`, text)));
        const reader = log.reader('spans', 'g');
        const [first] = await pollCount(reader, 1);
        await reader.commit(first!.partition, first!.offset + 1);
        await log.erase(['k2', 'k3', 'k5']);
        expect(await log.lag('spans', 'g')).toBe(1);
        const [fourth] = await pollCount(reader, 1);
        expect(texts([fourth!])).toEqual(['4']);
        expect(await reader.poll({ ...wide, waitMs: 30 }, never)).toEqual([]);
        await reader.commit(fourth!.partition, fourth!.offset + 1);
        expect(await log.lag('spans', 'g')).toBe(0);
      },
    );

    it.runIf(traits.erases)('has no lag left when all that a group had not committed was erased', async () => {
      await log.append(['1', '2', '3'].map((text) => textRecord('spans', `k${text}`, text)));
      await log.append([textRecord('spans', 'k4', '4')]);
      const reader = log.reader('spans', 'g');
      const [first] = await pollCount(reader, 1);
      await reader.commit(first!.partition, first!.offset + 1);
      await log.erase(['k2', 'k3', 'k4']);
      expect(await log.lag('spans', 'g')).toBe(0);
      expect(await log.lag('spans', 'new')).toBe(1);
      await log.erase(['k1']);
      expect(await log.lag('spans', 'new')).toBe(0);
      await log.append([textRecord('spans', 'k5', '5')]);
      expect(await log.lag('spans', 'g')).toBe(1);
      expect(texts(await pollCount(reader, 1))).toEqual(['5']);
    });

    it.runIf(traits.erases)('erases through one open log what another has appended and reads', async () => {
      const second = await place.open();
      await log.append(['1', '2', '3'].map((text) => textRecord('spans', `k${text}`, text)));
      const reader = log.reader('spans', 'g');
      await pollCount(reader, 1);
      expect(await second.erase(['k2'])).toBe(1);
      expect(texts(await pollCount(reader, 1))).toEqual(['3']);
    });

    it('refuses work after it stopped, and stops twice without harm', async () => {
      const reader = log.reader('spans', 'g');
      await log.stop(never);
      await log.stop(never);
      await expect(log.append([textRecord('spans', 'a', '1')])).rejects.toMatchObject({ code: 'BUS_CLOSED' });
      await expect(log.erase(['a'])).rejects.toMatchObject({ code: 'BUS_CLOSED' });
      await expect(reader.poll(wide, never)).rejects.toBeInstanceOf(PipelineError);
    });
  });
}
