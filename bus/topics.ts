import { TOPICS, type Topic } from '../core/log.js';

const MIB = 2 ** 20;

/** How a topic of the pipeline is made on Kafka. */
export interface TopicShape {
  /** Bounds the workers of every role that reads it. What one role reads together has as many: a trace has one number in all. */
  readonly partitions: number;
  /** Largest batch that the broker takes, as it comes over the wire; the largest record is a little smaller. */
  readonly maxMessageBytes: number;
}

const JSON_DOCUMENTS: TopicShape = { partitions: 6, maxMessageBytes: 1 * MIB };
const OTLP_BYTES: TopicShape = { partitions: 6, maxMessageBytes: 8 * MIB };
/** Any record of the others, with what is added to its headers. Few, so that their order may be that of all. */
const DEAD_LETTERS: TopicShape = { partitions: 1, maxMessageBytes: 9 * MIB };

/** Few, and their order is that of all. */
const ONE_LINE: TopicShape = { ...JSON_DOCUMENTS, partitions: 1 };

/** Every topic, written once; `assay topics create` makes them so. */
export const TOPIC_SHAPES: Readonly<Record<Topic, TopicShape>> = {
  spans: OTLP_BYTES,
  logs: OTLP_BYTES,
  decisions: JSON_DOCUMENTS,
  judgements: JSON_DOCUMENTS,
  verdicts: JSON_DOCUMENTS,
  spend: JSON_DOCUMENTS,
  policies: ONE_LINE,
  labels: JSON_DOCUMENTS,
  // As many as `judgements`.
  journal: JSON_DOCUMENTS,
  adversarial: ONE_LINE,
  alarms: ONE_LINE,
  notifications: ONE_LINE,
  'dead-letters': DEAD_LETTERS,
};

/** A judge adds up from it what was spent in this week. */
const JOURNAL_HOURS = 8 * 24;

/** What the brokers call the topics and groups of a log. */
export interface KafkaNames {
  readonly topics: ReadonlyMap<Topic, string>;
  readonly group: (group: string) => string;
  /** What to do where a topic is missing. */
  readonly remedy: string;
}

/** Of Assay's own topics. */
export function ownNames(options: Pick<TopicOptions, 'topicPrefix'>): KafkaNames {
  return {
    topics: new Map(TOPICS.map((topic) => [topic, topicName(topic, options)])),
    group: (group) => `${options.topicPrefix}${group}`,
    remedy: 'run assay topics create with these settings',
  };
}

/** What the settings add to a topic's shape. */
export interface TopicOptions {
  readonly topicPrefix: string;
  readonly retentionHours: number;
  /** Of the dead letters, in place of `retentionHours`. */
  readonly deadLetterHours: number;
  readonly replicationFactor: number;
  readonly minInsyncReplicas: number;
}

/** A topic as it should be on the broker. */
export interface TopicSpec {
  readonly topic: Topic;
  /** Its name on the broker, such as `assay.spans`. */
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Kafka's own names and spellings of what is set on it. */
  readonly settings: Readonly<Record<string, string>>;
}

/** All topics as they should be on the broker. */
export function topicSpecs(options: TopicOptions): readonly TopicSpec[] {
  return TOPICS.map((topic) => {
    const { partitions, maxMessageBytes } = TOPIC_SHAPES[topic];
    const hours = hoursOf(topic, options);
    return {
      topic,
      name: topicName(topic, options),
      partitions,
      replicationFactor: options.replicationFactor,
      settings: {
        'cleanup.policy': 'delete',
        'retention.ms': String(Math.round(hours * 3_600_000)),
        'max.message.bytes': String(maxMessageBytes),
        'min.insync.replicas': String(options.minInsyncReplicas),
        // Bus time is the broker's: clocks of senders differ.
        'message.timestamp.type': 'LogAppendTime',
      },
    };
  });
}

function hoursOf(topic: Topic, { retentionHours, deadLetterHours }: TopicOptions): number {
  if (topic === 'dead-letters') return deadLetterHours;
  return topic === 'journal' ? Math.max(retentionHours, JOURNAL_HOURS) : retentionHours;
}

export function topicName(topic: Topic, { topicPrefix }: Pick<TopicOptions, 'topicPrefix'>): string {
  return `${topicPrefix}${topic}`;
}
