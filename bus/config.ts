import { z } from 'zod';
import { Secret } from '../core/secret.js';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

const milliseconds = z.int().positive().max(600_000);

const kafkaTls = z.strictObject({
  enabled: z.boolean().default(false).describe('Whether the brokers are spoken to over TLS.'),
  caFile: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file of the authority that signed their certificates. Unset: those that Node.js knows.'),
});

const kafkaSasl = z.strictObject({
  mechanism: z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512'])
    .default('scram-sha-512')
    .describe('How Assay proves who it is.'),
  username: z.string().min(1).describe('User at the brokers.'),
  password: z
    .string()
    .min(1)
    .transform((password) => new Secret(password))
    .describe('Its password, such as ${KAFKA_PASSWORD} from the environment.'),
});

/** How Kafka is reached. */
const connection = {
  brokers: z
    .array(z.string().regex(/^[^\s:/]+:\d{1,5}$|^\[[^\]\s]+\]:\d{1,5}$/, 'expected HOST:PORT, such as kafka-1:9092'))
    .min(1)
    .describe('Brokers to ask first, as HOST:PORT; the others are found through them.'),
  clientId: z.string().min(1).max(200).default('assay').describe('Name that the broker logs and limits Assay by.'),
  tls: kafkaTls.prefault({}),
  sasl: kafkaSasl.optional().describe('Unset: no login.'),
  connectTimeoutMs: milliseconds.default(3_000).describe('Longest wait for a connection to a broker.'),
  requestTimeoutMs: milliseconds.default(10_000).describe('Longest wait for the answer to one request.'),
  sessionTimeoutMs: z
    .int()
    .min(6_000)
    .max(300_000)
    .default(10_000)
    .describe('Silence after which a consumer loses its partitions to others.'),
  giveUpMs: z
    .int()
    .min(1_000)
    .max(86_400_000)
    .default(300_000)
    .describe(
      'How long a consumer may be without a place in its group, or without what it should read, although the brokers answer, before the process ends with exit code 3. An outage is waited out.',
    ),
};

const kafkaSpool = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe(
      'Whether a process that only receives keeps on its own disk what Kafka does not take at the moment, and acknowledges it; other processes answer 503.',
    ),
  maxBytes: z
    .int()
    .min(16 * MIB)
    .max(48 * GIB)
    .default(1 * GIB)
    .describe(
      'Size in bytes of the records in the spool at which it takes no more; bus.minFreeBytes of its disk stay free too.',
    ),
  afterMs: milliseconds
    .default(2_000)
    .describe('How long records are tried on Kafka before it is held to be away, and they go to the spool.'),
});

const kafka = z
  .strictObject({
    ...connection,
    topicPrefix: z
      .string()
      .regex(/^[\w.-]{0,150}$/, 'expected letters, digits, dots, dashes and underscores')
      .default('assay.')
      .describe('What the names of topics and consumer groups begin with.'),
    compression: z
      .enum(['none', 'gzip', 'lz4', 'zstd'])
      .default('lz4')
      .describe('How what is written is compressed. Everything is read.'),
    appendTimeoutMs: milliseconds
      .default(8_000)
      .describe('How long records are tried to be written before their sender is told to come again.'),
    spool: kafkaSpool.prefault({}),
    replicationFactor: z
      .int()
      .min(1)
      .max(15)
      .default(3)
      .describe('Copies of each topic that `assay topics create` makes.'),
    minInsyncReplicas: z
      .int()
      .min(1)
      .max(15)
      .default(2)
      .describe(
        'Copies that must have a record before it is acknowledged. With 1, a broker that is lost takes records with it.',
      ),
  })
  .refine(({ minInsyncReplicas, replicationFactor }) => minInsyncReplicas <= replicationFactor, {
    path: ['minInsyncReplicas'],
    error: 'expected at most bus.kafka.replicationFactor',
  });

const sourceTopic = z.string().regex(/^[\w.-]{1,249}$/, 'expected the name of a topic');

const source = z
  .strictObject({
    ...connection,
    tracesTopic: sourceTopic.optional().describe('Topic with traces; `otlp_spans` is the default of a Collector.'),
    logsTopic: sourceTopic.optional().describe('Topic with logs; `otlp_logs` is the default of a Collector.'),
    encoding: z
      .enum(['otlp_proto', 'otlp_json'])
      .default('otlp_proto')
      .describe('How its values are written, as the Kafka exporter of the Collector calls it.'),
    group: z.string().min(1).max(200).default('assay').describe('Consumer group of the receivers.'),
  })
  .refine(({ tracesTopic, logsTopic }) => tracesTopic !== undefined || logsTopic !== undefined, {
    error: 'expected tracesTopic, logsTopic or both',
  });

export type KafkaConfig = z.output<typeof kafka>;
export type KafkaSourceConfig = z.output<typeof source>;
/** What both have. */
export type KafkaConnection = Pick<KafkaConfig, keyof typeof connection>;

const deadLetters = z.strictObject({
  hours: z.number().positive().default(168).describe('Age in hours at which a dead letter is removed.'),
  maxBytes: z
    .int()
    .min(1_048_576)
    .default(256 * MIB)
    .describe('Size in bytes of all of them above which the oldest are removed. On Kafka its own limits hold.'),
});

/** Settings of the bus: the embedded one, or Kafka where `kafka` is set. */
export const busConfig = z.strictObject({
  kafka: kafka
    .optional()
    .describe(
      'Kafka in place of the embedded bus; of the settings beside it only retention.hours and retention.deadLetters.hours then count, and minFreeBytes for the spool.',
    ),
  source: source
    .optional()
    .describe(
      'Topics that an OpenTelemetry Collector writes: receivers read them too, and put what they hold on the bus.',
    ),
  pollIntervalMs: z
    .int()
    .min(1)
    .max(10_000)
    .default(20)
    .describe(
      'How often a waiting reader looks for records that another thread or process appended, in milliseconds; after a second without any a fiftieth as often, since the threads of its process wake it.',
    ),
  retention: z
    .strictObject({
      hours: z.number().positive().default(24).describe('Age in hours at which a record may be removed.'),
      maxBytes: z
        .int()
        .min(1_048_576)
        .default(4 * GIB)
        .describe('Size in bytes of all topics together above which the oldest records may be removed.'),
      sweepIntervalMs: z
        .int()
        .min(10)
        .default(10_000)
        .describe('Time between two looks for what to remove, in milliseconds.'),
      deadLetters: deadLetters
        .prefault({})
        .describe('The records that a role could not read: `assay dead-letters list` shows them, no group reads them.'),
    })
    .prefault({})
    .describe(
      'What is removed. A record that a consumer group has not committed, or that no group reads, never is; dead letters go by rules of their own.',
    ),
  capacityBytes: z
    .int()
    .min(1_048_576)
    .max(48 * GIB)
    .default(16 * GIB)
    .describe(
      'Size in bytes of all topics together at which the bus takes no more spans and logs, until groups commit and retention removes. At most 48 GiB: what consumers write must still fit into the 64 GiB that are mapped.',
    ),
  minFreeBytes: z
    .int()
    .min(0)
    .default(512 * MIB)
    .describe(
      'Free bytes of the disk below which the bus takes no more spans and logs, so that the consumers and the store can still write; 0 for no such bound.',
    ),
});

export type BusConfig = z.output<typeof busConfig>;
