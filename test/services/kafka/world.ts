import { randomUUID } from 'node:crypto';
import kafkajs, { type Admin } from 'kafkajs';
import { busConfig, createKafkaLog, topicSpecs, type DistributedLog, type KafkaConfig } from '../../../bus/index.js';
import { systemClock } from '../../../core/clock.js';
import type { PipelineError } from '../../../core/errors.js';
import { silentLogger } from '../../../core/logger.js';
import { noMetrics } from '../../../core/metrics.js';
import { until } from '../../helpers/until.js';

const never = new AbortController().signal;

/** Settings for one broker that has no copies, under a prefix that nobody else has. */
export function kafkaSettings(broker: string, changes: object = {}): KafkaConfig {
  const { kafka } = busConfig.parse({
    kafka: {
      brokers: [broker],
      topicPrefix: `t${randomUUID().slice(0, 8)}.`,
      replicationFactor: 1,
      minInsyncReplicas: 1,
      sessionTimeoutMs: 6_000,
      ...changes,
    },
  });
  if (kafka === undefined) throw new Error('expected settings of Kafka, got none');
  return kafka;
}

export async function withAdmin<T>(broker: string, work: (admin: Admin) => Promise<T>): Promise<T> {
  const { Kafka, logLevel } = kafkajs;
  const admin = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** Makes the topics of these settings, with few partitions, so that many tests fit on one broker. */
export async function makeTopics(config: KafkaConfig, broker: string, partitions = 3): Promise<void> {
  const topics = topicSpecs({ ...config, retentionHours: 24, deadLetterHours: 24 }).map(({ name, settings }) => ({
    topic: name,
    numPartitions: partitions,
    replicationFactor: 1,
    configEntries: Object.entries(settings).map(([setting, value]) => ({ name: setting, value })),
  }));
  await withAdmin(broker, async (admin) => {
    await admin.createTopics({ topics, waitForLeaders: false });
    // Answered by the leader of each partition, once it is one.
    for (const { topic } of topics)
      await until(
        () =>
          admin.fetchTopicOffsets(topic).then(
            () => true,
            () => false,
          ),
        (isLed) => isLed,
      );
  });
}

export async function removeTopics({ topicPrefix }: KafkaConfig, broker: string): Promise<void> {
  await withAdmin(broker, async (admin) => {
    const topics = (await admin.listTopics()).filter((name) => name.startsWith(topicPrefix));
    if (topics.length > 0) await admin.deleteTopics({ topics });
  });
}

export function makeLog(
  config: KafkaConfig,
  onGivenUp: (error: PipelineError) => void = () => undefined,
): Promise<DistributedLog> {
  return createKafkaLog(config, {
    clock: systemClock,
    logger: silentLogger,
    metrics: noMetrics,
    random: Math.random,
    onGivenUp,
  });
}

/** Started, or the reason why not. */
export async function openLog(config: KafkaConfig): Promise<DistributedLog> {
  const log = await makeLog(config);
  await log.start(never);
  return log;
}
