import type { BusConfig, KafkaConfig, KafkaSourceConfig } from './config.js';
import type { DistributedLog, KafkaLogDeps } from './kafka/kafka-log.js';
import type { ForeignTopics, KafkaSourceDeps } from './kafka/source.js';
import type { TopicAdminOptions, TopicState } from './kafka/topic-admin.js';
import { createLmdbLog } from './lmdb-log.js';
import { embeddedMetrics } from './spool/instruments.js';
import { SpooledLog } from './spool/spooled-log.js';

/** The bus on Kafka. Its client is loaded here and not before: who runs embedded has none of it in memory. */
export async function createKafkaLog(config: KafkaConfig, deps: KafkaLogDeps): Promise<DistributedLog> {
  const { KafkaLog } = await import('./kafka/kafka-log.js');
  return new KafkaLog(config, deps);
}

/** Topics that an OpenTelemetry Collector writes. */
export async function createKafkaSource(config: KafkaSourceConfig, deps: KafkaSourceDeps): Promise<ForeignTopics> {
  const { KafkaSource } = await import('./kafka/source.js');
  return new KafkaSource(config, deps);
}

export interface SpooledLogOptions extends Pick<BusConfig, 'minFreeBytes' | 'pollIntervalMs'> {
  readonly kafka: KafkaConfig;
  /** Of the spool; made when it is not there. One process at a time has it. */
  readonly directory: string;
}

/** The bus on Kafka for who only appends, with a spool on disk for the time that Kafka is away. */
export async function createSpooledLog(options: SpooledLogOptions, deps: KafkaLogDeps): Promise<SpooledLog> {
  const { directory, minFreeBytes, pollIntervalMs } = options;
  const { maxBytes, afterMs } = options.kafka.spool;
  const kafka = await createKafkaLog(options.kafka, deps);
  const embedded = createLmdbLog(
    { directory, minFreeBytes, pollIntervalMs, capacityBytes: maxBytes, retention: GONE_ONCE_COMMITTED },
    { ...deps, metrics: embeddedMetrics(deps.metrics) },
  );
  return new SpooledLog({ directory, maxBytes, minFreeBytes, afterMs }, { ...deps, kafka, embedded });
}

/** Nobody reads a spool twice. Dead letters wait in it for Kafka as all the rest does. */
export const GONE_ONCE_COMMITTED = { hours: 0, maxBytes: 0, sweepIntervalMs: 1_000 } as const;

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
