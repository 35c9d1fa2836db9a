import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { afterEach, describe, expect, inject, it, vi } from 'vitest';
import { busConfig, createKafkaSource, type ForeignTopics } from '../../../bus/index.js';
import { systemClock } from '../../../core/clock.js';
import type { LogReader, LogRecord } from '../../../core/log.js';
import { silentLogger } from '../../../core/logger.js';
import { noMetrics } from '../../../core/metrics.js';
import { pollCount, texts } from '../../contracts/log.js';
import { startLossyProxy, type LossyProxy } from './proxy.js';
import { withAdmin } from './world.js';

const never = new AbortController().signal;

describe('a topic that somebody else writes', { timeout: 90_000 }, () => {
  const { plain, proxied, proxy } = inject('broker');
  const topic = `otlp-${randomUUID()}`;
  const logger = { ...silentLogger, warn: vi.fn(), error: vi.fn(), info: vi.fn() };
  const letters: LogRecord[] = [];
  let source: ForeignTopics | undefined;
  let way: LossyProxy | undefined;

  afterEach(async () => {
    await source?.stop(never);
    await way?.close();
    source = undefined;
    way = undefined;
    await withAdmin(plain, async (admin) => {
      if ((await admin.listTopics()).includes(topic)) await admin.deleteTopics({ topics: [topic] });
    });
    vi.resetAllMocks();
  });

  async function make(broker: string, tracesTopic = topic): Promise<LogReader> {
    const { source: settings } = busConfig.parse({
      source: { brokers: [broker], tracesTopic, sessionTimeoutMs: 6_000, group: randomUUID() },
    });
    source = await createKafkaSource(settings!, {
      ...{ clock: systemClock, logger, random: Math.random, metrics: noMetrics },
      log: { append: async (records) => void letters.push(...records) },
    });
    return source.readers[0]!.reader;
  }

  async function makeTopic(): Promise<void> {
    await withAdmin(plain, (admin) => admin.createTopics({ topics: [{ topic, numPartitions: 1 }] }));
  }

  async function inTransaction(...values: readonly string[]): Promise<void> {
    const client = new kafkajs.Kafka({ brokers: [plain], logLevel: kafkajs.logLevel.NOTHING });
    const producer = client.producer({ transactionalId: randomUUID(), maxInFlightRequests: 1, idempotent: true });
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: values.map((value) => ({ value })) });
    await transaction.commit();
    await producer.disconnect();
  }

  it('is found later where its brokers are away at the start, which is said once', async () => {
    await makeTopic();
    await inTransaction('1');
    const reader = await make(`127.0.0.1:${proxy}`);
    await source!.start(never);
    expect(logger.warn).toHaveBeenCalledExactlyOnceWith(
      {
        problem: expect.stringMatching(
          /connect on Kafka at .*check that the brokers run, bus\.source\.brokers/,
        ) as string,
      },
      expect.stringContaining('bus.source are away') as string,
    );
    const polled = pollCount(reader, 1, { maxRecords: 10, maxBytes: 1_000_000, waitMs: 60_000 });
    way = await startLossyProxy(proxy, proxied);
    expect(texts(await polled)).toEqual(['1']);
    expect(logger.error).not.toHaveBeenCalled();
  });

  it('stops while its brokers are away', async () => {
    await make(`127.0.0.1:${proxy}`);
    await source!.start(never);
    await source!.stop(never);
  });

  it('that is missing ends the start', async () => {
    await make(plain, 'nobody_made_it');
    await expect(source!.start(never)).rejects.toMatchObject({
      message: expect.stringContaining('create them, or correct the names in bus.source') as string,
    });
  });

  it('has been read to its end also where that is the mark of a transaction', async () => {
    await makeTopic();
    await inTransaction('1', '2');
    const reader = await make(plain);
    await source!.start(never);
    expect(texts(await pollCount(reader, 2))).toEqual(['1', '2']);
    const late = AbortSignal.timeout(20_000);
    expect(await reader.poll({ maxRecords: 10, maxBytes: 1_000, waitMs: 0 }, late)).toEqual([]);
    expect(late.aborted).toBe(false);
  });
});
