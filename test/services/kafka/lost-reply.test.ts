import kafkajs, { type Producer } from 'kafkajs';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import type { KafkaConfig } from '../../../bus/index.js';
import type { Log } from '../../../core/log.js';
import { pollCount, textRecord, texts } from '../../contracts/log.js';
import { startLossyProxy, type LossyProxy } from './proxy.js';
import { kafkaSettings, makeTopics, openLog, removeTopics } from './world.js';

const never = new AbortController().signal;

describe('when the answer to a produce request is lost', () => {
  const { plain, proxied, proxy: port } = inject('broker');
  let proxy: LossyProxy;
  let config: KafkaConfig;
  const open: Log[] = [];

  beforeEach(async () => {
    proxy = await startLossyProxy(port, proxied);
    config = kafkaSettings(`127.0.0.1:${port}`);
    await makeTopics(config, plain, 1);
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((log) => log.stop(never)));
    await proxy.close();
    await removeTopics(config, plain);
  });

  async function openAt(settings: KafkaConfig): Promise<Log> {
    const log = await openLog(settings);
    open.push(log);
    return log;
  }

  /** All that the topic holds, read on a way that loses nothing. */
  async function held(): Promise<readonly string[]> {
    const log = await openAt({ ...config, brokers: [plain] });
    const end = (await log.endOffsets('spans')).get(0) ?? 0;
    return texts(await pollCount(log.reader('spans', 'check'), end));
  }

  it('loses an acknowledged record in kafkajs’s idempotent mode, which is why it is off', async () => {
    const { Kafka, logLevel } = kafkajs;
    // It takes no fewer retries than one.
    const retry = { retries: 1, initialRetryTime: 50 };
    const kafka = new Kafka({ brokers: [...config.brokers], logLevel: logLevel.NOTHING, retry });
    const producer: Producer = kafka.producer({ idempotent: true, retry });
    const send = (text: string): Promise<unknown> =>
      producer.send({ topic: `${config.topicPrefix}spans`, messages: [{ key: 'a', value: text }] });
    await producer.connect();
    try {
      await send('first');
      proxy.loseAnswers(2);
      await expect(send('given up')).rejects.toThrow();
      expect(proxy.lost()).toBe(2);
      // Acknowledged, and yet it is nowhere.
      await send('acknowledged');
    } finally {
      await producer.disconnect();
    }
    expect(await held()).toEqual(['first', 'given up']);
  });

  it('writes it again with ours, and loses nothing', async () => {
    const log = await openAt(config);
    await log.append([textRecord('spans', 'a', 'first')]);
    proxy.loseAnswers(1);
    await log.append([textRecord('spans', 'a', 'tried twice')]);
    expect(proxy.lost()).toBe(1);
    await log.append([textRecord('spans', 'a', 'acknowledged')]);
    expect(await held()).toEqual(['first', 'tried twice', 'tried twice', 'acknowledged']);
  });

  it('loses none of the records that follow one that ours gave up', async () => {
    const log = await openAt({ ...config, appendTimeoutMs: 1 });
    await log.append([textRecord('spans', 'a', 'first')]);
    proxy.loseAnswers(1);
    await expect(log.append([textRecord('spans', 'a', 'given up')])).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    expect(proxy.lost()).toBe(1);
    await expect
      .poll(
        () =>
          log.append([textRecord('spans', 'a', 'acknowledged')]).then(
            () => true,
            () => false,
          ),
        { timeout: 10_000 },
      )
      .toBe(true);
    expect(await held()).toEqual(['first', 'given up', 'acknowledged']);
  });
});
