import { describe, expect, it } from 'vitest';
import { busConfig, type KafkaConfig } from '../config.js';
import { faultOf, isTooLarge, toBusError } from './faults.js';

const config = busConfig.parse({
  kafka: { brokers: ['kafka-1:9092', 'kafka-2:9092'], sasl: { username: 'assay', password: 'hidden' } },
}).kafka as KafkaConfig;

/** As kafkajs wraps it: the truth is the innermost. */
function wrapped(type: string, name = 'KafkaJSProtocolError'): Error {
  const inner = Object.assign(new Error('inner words'), { name, type });
  return new Error('outer', { cause: new Error('between', { cause: inner }) });
}

describe('what Kafka says went wrong', () => {
  it('is told by the deepest cause', () => {
    expect(faultOf(wrapped('NOT_ENOUGH_REPLICAS'))).toEqual({
      name: 'KafkaJSProtocolError',
      type: 'NOT_ENOUGH_REPLICAS',
      message: 'inner words',
    });
    expect(isTooLarge(wrapped('MESSAGE_TOO_LARGE'))).toBe(true);
    expect(isTooLarge(wrapped('NOT_ENOUGH_REPLICAS'))).toBe(false);
  });

  it.each([
    [wrapped('UNKNOWN_TOPIC_OR_PARTITION'), /run assay topics create$/],
    [wrapped('TOPIC_AUTHORIZATION_FAILED'), /as assay by scram-sha-512\) write.*grant it on topics and groups/],
    [wrapped('INVALID_REPLICATION_FACTOR'), /bus\.kafka\.replicationFactor = 3 brokers/],
    [wrapped('NOT_ENOUGH_REPLICAS_AFTER_APPEND'), /min\.insync\.replicas/],
    [wrapped('', 'KafkaJSSASLAuthenticationError'), /refused: inner words; check bus\.kafka\.sasl/],
    [wrapped('', 'KafkaJSConnectionError'), /kafka-1:9092, kafka-2:9092 \(without TLS, as assay.*inner words; check/],
  ])('becomes one sentence with what to do: %#', (error, sentence) => {
    const said = toBusError('write', error, config);
    expect(said).toMatchObject({ code: 'BUS_UNAVAILABLE', cause: error });
    expect(said.message).toMatch(sentence);
    expect(said.message).not.toMatch(/\n|hidden/);
  });
});
