import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import type { DistributedLog, KafkaConfig } from '../../../bus/index.js';
import { readLetter } from '../../../core/dead-letter.js';
import type { LogReader } from '../../../core/log.js';
import { pollCount, scanned, textRecord, texts } from '../../contracts/log.js';
import { kafkaSettings, makeTopics, openLog, removeTopics } from './world.js';

const never = new AbortController().signal;
const NOISE = 'of which a few bytes will be others ';

describe('a batch that lies spoilt on the broker', { timeout: 60_000 }, () => {
  const { plain, caFile } = inject('broker');
  let config: KafkaConfig;
  let log: DistributedLog;

  beforeEach(async () => {
    config = kafkaSettings(plain);
    await makeTopics(config, plain, 1);
    log = await openLog(config);
  });

  afterEach(async () => {
    await log.stop(never);
    await removeTopics(config, plain);
  });

  /** Three batches: one record, three of which the text is long, one record. */
  async function appendThree(): Promise<void> {
    const long = NOISE + randomBytes(500).toString('base64');
    await log.append([textRecord('spans', 'a', 'before')]);
    await log.append([1, 2, 3].map((number) => textRecord('spans', 'a', `${number} ${long}`)));
    await log.append([textRecord('spans', 'a', 'behind')]);
  }

  /** Writes over the file that the broker reads from: it does not look at what it hands on. */
  function spoil(change: (batch: Buffer) => Buffer): void {
    const folder = join(dirname(caFile), 'log', `${config.topicPrefix}spans-0`);
    const [file = ''] = readdirSync(folder).filter((name) => name.endsWith('.log'));
    const bytes = readFileSync(join(folder, file));
    const second = 12 + bytes.readInt32BE(8);
    expect(Number(bytes.readBigInt64BE(second))).toBe(1);
    change(bytes.subarray(second, second + 12 + bytes.readInt32BE(second + 8)));
    writeFileSync(join(folder, file), bytes, { flag: 'r+' });
  }

  async function letters(): Promise<readonly unknown[]> {
    return (await scanned(log, 'dead-letters')).map((letter) => readLetter(letter));
  }

  it.each<[what: string, compression: KafkaConfig['compression'], change: (batch: Buffer) => Buffer]>([
    ['its compressed bytes', 'lz4', (batch: Buffer) => batch.fill(0xff, 61 + 8, 61 + 60)],
    ['its compressed bytes', 'gzip', (batch: Buffer) => batch.fill(0xff, 61 + 8, 61 + 60)],
    ['its compressed bytes', 'zstd', (batch: Buffer) => batch.fill(0xff, 61 + 8, 61 + 60)],
    ['the length of a record', 'none', (batch: Buffer) => batch.fill(0xff, 61, 61 + 8)],
    ['its codec, which is none', 'lz4', (batch: Buffer) => batch.fill(7, 22, 23)],
  ])('in %s (%s) is passed by with a dead letter, once of all groups', async (_, compression, change) => {
    await log.stop(never);
    config = { ...config, compression };
    log = await openLog(config);
    await appendThree();
    spoil(change);
    const read = async (reader: LogReader): Promise<void> => {
      expect(texts(await pollCount(reader, 2))).toEqual(['before', 'behind']);
      expect(await reader.poll({ maxRecords: 10, maxBytes: 1_000, waitMs: 0 }, never)).toEqual([]);
      await reader.commit(0, 5);
      await reader.close();
    };
    await read(log.reader('spans', 'sample'));
    expect(await letters()).toEqual([]);
    await read(log.reader('spans', 'write'));
    expect(await letters()).toMatchObject([
      {
        ...{ id: 'spans/0/1', role: 'bus', code: 'SPOILT', value: undefined },
        reason: expect.stringMatching(/^the batch of 3 records from offset 1 to 3 cannot be read: /) as string,
      },
    ]);
    expect(await log.lag('spans', 'write')).toBe(0);
  });
});
