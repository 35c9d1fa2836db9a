export { busConfig, type BusConfig, type KafkaConfig, type KafkaSourceConfig } from './config.js';
export type { DeadLetter } from './dead-letters.js';
export { inspectBus, type BusState, type GroupState } from './inspect.js';
export type { DistributedLog, KafkaLogDeps } from './kafka/kafka-log.js';
export type { ForeignTopics } from './kafka/source.js';
export type { TopicDifference, TopicState } from './kafka/topic-admin.js';
export { createLmdbLog, type BusDeps, type BusOptions, type EmbeddedLog } from './lmdb-log.js';
export { createLmdbState, type ScrubbableState, type StateOptions } from './lmdb-state.js';
export {
  createKafkaLog,
  createKafkaSource,
  createSpooledLog,
  manageTopics,
  type SpooledLogOptions,
} from './on-kafka.js';
export { topicSpecs, type TopicSpec } from './topics.js';
