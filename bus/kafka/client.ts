import { readFileSync } from 'node:fs';
import kafkajs, { type Admin, type Kafka, type KafkaConfig as ClientOptions, type RetryOptions } from 'kafkajs';
import { PipelineError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import type { KafkaConnection } from '../config.js';
import { registerCodecs } from './codecs.js';
import { passUnreadableBatches } from './unreadable.js';

/** Of the producer: Assay retries by itself, and knows then what was and was not written. */
export const NO_RETRY: RetryOptions = { retries: 0 };
/** Of consumers and of questions: so they come through the restart of a broker. */
export const PATIENT: RetryOptions = { initialRetryTime: 300, maxRetryTime: 5_000, retries: 5 };

/**
 * Makes a client; it connects later.
 * @throws {PipelineError} CONFIG_INVALID when the file of bus.kafka.tls.caFile cannot be read
 */
export function makeClient(config: KafkaConnection, logger: Logger, retry: RetryOptions): Kafka {
  registerCodecs();
  passUnreadableBatches();
  const { brokers, clientId, connectTimeoutMs, requestTimeoutMs, sasl, tls } = config;
  const options: ClientOptions = {
    brokers: [...brokers],
    clientId,
    connectionTimeout: connectTimeoutMs,
    authenticationTimeout: connectTimeoutMs,
    requestTimeout: requestTimeoutMs,
    retry,
    logLevel: kafkajs.logLevel.WARN,
    // What matters of it comes back as an error, with a sentence of our own.
    logCreator:
      () =>
      ({ log, namespace }) => {
        logger.debug({ namespace, kafkajs: log.message }, 'kafkajs');
      },
    ...(tls.enabled ? { ssl: tls.caFile === undefined ? true : { ca: [readAuthority(tls.caFile)] } } : {}),
  };
  if (sasl === undefined) return new kafkajs.Kafka(options);
  const login = { username: sasl.username, password: sasl.password.reveal() };
  // One literal each, since the mechanism tells the compiler what belongs to it.
  switch (sasl.mechanism) {
    case 'plain':
      return new kafkajs.Kafka({ ...options, sasl: { mechanism: 'plain', ...login } });
    case 'scram-sha-256':
      return new kafkajs.Kafka({ ...options, sasl: { mechanism: 'scram-sha-256', ...login } });
    case 'scram-sha-512':
      return new kafkajs.Kafka({ ...options, sasl: { mechanism: 'scram-sha-512', ...login } });
  }
}

/** Tries each broker of the settings once. The client has no retries of its own. */
export async function connectOnce({ brokers }: KafkaConnection, client: Pick<Admin, 'connect'>): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    try {
      await client.connect();
      return;
    } catch (error) {
      if (tried >= brokers.length) throw error;
    }
  }
}

function readAuthority(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PipelineError(
      'CONFIG_INVALID',
      `bus.kafka.tls.caFile: expected a readable PEM file, got ${reason}; check its path and mode`,
      { cause: error },
    );
  }
}
