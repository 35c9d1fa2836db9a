import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { DistributedLog, KafkaConfig } from '../../../bus/index.js';
import { pollCount, textRecord, texts } from '../../contracts/log.js';
import { kafkaSettings, makeTopics, openLog, removeTopics } from './world.js';

const never = new AbortController().signal;
const SCRIPT = fileURLToPath(new URL('./broker.sh', import.meta.url));

describe('records on Kafka', () => {
  const { plain } = inject('broker');
  let config: KafkaConfig;
  let log: DistributedLog;

  beforeAll(async () => {
    config = kafkaSettings(plain);
    await makeTopics(config, plain, 2);
    log = await openLog(config);
  });

  afterAll(async () => {
    await log.stop(never);
    await removeTopics(config, plain);
  });

  it.each(['gzip', 'snappy', 'lz4', 'zstd'])('reads what Kafka’s own producer wrote with %s', async (codec) => {
    const lines = Array.from({ length: 200 }, (_, at) => `${codec} ${at} ${'words that repeat '.repeat(10)}`);
    await produceWithJava(plain, `${config.topicPrefix}verdicts`, { codec, lines });
    const reader = log.reader('verdicts', codec);
    const end = [...(await log.endOffsets('verdicts')).values()].reduce((sum, offset) => sum + offset, 0);
    const read = texts(await pollCount(reader, end)).filter((text) => text.startsWith(codec));
    expect([...read].sort()).toEqual([...lines].sort());
    await reader.close();
  });

  it.each(['none', 'gzip', 'lz4', 'zstd'] as const)('reads what it wrote itself with %s', async (compression) => {
    const writer = await openLog({ ...config, compression });
    const text = `${compression} ${'again and '.repeat(1_000)}`;
    await writer.append([textRecord('decisions', compression, text)]);
    await writer.stop(never);
    const end = [...(await log.endOffsets('decisions')).values()].reduce((sum, offset) => sum + offset, 0);
    const reader = log.reader('decisions', `read-${compression}`);
    expect(texts(await pollCount(reader, end))).toContain(text);
    await reader.close();
  });

  it('carries spans of 7 MB that cannot be compressed, one after the other in one append', async () => {
    const values = [randomBytes(7_000_000), randomBytes(7_000_000)];
    await log.append(values.map((value) => ({ topic: 'spans', key: 'large', value })));
    const records = await pollCount(log.reader('spans', 'large'), 2);
    expect(records.map(({ value }, at) => values[at]?.equals(value))).toEqual([true, true]);
  });

  it('refuses for good what is larger than the topic takes, and goes on with the rest', async () => {
    const large = log.append([{ topic: 'policies', key: 'a', value: randomBytes(1_200_000) }]);
    const small = log.append([textRecord('policies', 'a', 'small')]);
    await expect(large).rejects.toMatchObject({
      code: 'RECORD_TOO_LARGE',
      message: expect.stringContaining(`max.message.bytes of the topic ${config.topicPrefix}policies`) as string,
    });
    await small;
    expect(texts(await pollCount(log.reader('policies', 'small'), 1))).toEqual(['small']);
  });

  it('keeps no hold on the memory of what it has written', async () => {
    const value = Buffer.from('as it was given');
    await log.append([{ topic: 'logs', key: 'a', value }]);
    value.fill('x');
    expect(texts(await pollCount(log.reader('logs', 'memory'), 1))).toEqual(['as it was given']);
  });

  it('does not call a topic read to its end while something lies there', async () => {
    await log.append(Array.from({ length: 50 }, (_, at) => textRecord('judgements', `k${at}`, String(at))));
    const reader = log.reader('judgements', 'at-once');
    const read: string[] = [];
    for (;;) {
      const records = await reader.poll({ maxRecords: 7, maxBytes: 1_000_000, waitMs: 0 }, never);
      if (records.length === 0) break;
      read.push(...texts(records));
    }
    expect(read).toHaveLength(50);
  });
});

/** Lines are values without keys. */
async function produceWithJava(
  broker: string,
  topic: string,
  { codec, lines }: { readonly codec: string; readonly lines: readonly string[] },
): Promise<void> {
  const args = ['--bootstrap-server', broker, '--topic', topic, '--compression-codec', codec];
  await new Promise<void>((resolve, reject) => {
    const child = execFile(
      SCRIPT,
      ['tool', 'org.apache.kafka.tools.ConsoleProducer', ...args],
      { timeout: 60_000 },
      (error, _, stderr) => {
        if (error === null) resolve();
        else reject(new Error(stderr || error.message));
      },
    );
    child.stdin?.end(`${lines.join('\n')}\n`);
  });
}
