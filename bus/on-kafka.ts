import type { KafkaConfig, KafkaSourceConfig } from './config.js';
import type { DistributedLog, KafkaLogDeps } from './kafka/kafka-log.js';
import type { ForeignTopics } from './kafka/source.js';
import type { TopicAdminOptions, TopicState } from './kafka/topic-admin.js';

/** The bus on Kafka. Its client is loaded here and not before: who runs embedded has none of it in memory. */
export async function createKafkaLog(config: KafkaConfig, deps: KafkaLogDeps): Promise<DistributedLog> {
  const { KafkaLog } = await import('./kafka/kafka-log.js');
  return new KafkaLog(config, deps);
}

/** Topics that an OpenTelemetry Collector writes. */
export async function createKafkaSource(
  config: KafkaSourceConfig,
  deps: Omit<KafkaLogDeps, 'metrics'>,
): Promise<ForeignTopics> {
  const { KafkaSource } = await import('./kafka/source.js');
  return new KafkaSource(config, deps);
}

/**
 * Looks at the topics of Assay, or makes those that are missing. Changes and deletes none.
 * @throws {PipelineError} BUS_UNAVAILABLE with what was tried and what to do
 */
export async function manageTopics(
  task: 'list' | 'create',
  options: TopicAdminOptions,
): Promise<readonly TopicState[]> {
  const { withTopicAdmin } = await import('./kafka/topic-admin.js');
  return withTopicAdmin(options, (admin) => admin[task]());
}
