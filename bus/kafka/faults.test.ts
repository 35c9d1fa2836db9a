import { describe, expect, it } from 'vitest';
import { PipelineError } from '../../core/errors.js';
import { busConfig, type KafkaConfig } from '../config.js';
import { faultOf, isAway, isTooLarge, noAnswer, toBusError } from './faults.js';

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
    [true, wrapped('', 'KafkaJSConnectionError')],
    [true, toBusError('connect', wrapped('', 'KafkaJSConnectionClosedError'), config)],
    [true, wrapped('', 'KafkaJSRequestTimeoutError')],
    [true, wrapped('LEADER_NOT_AVAILABLE')],
    [true, noAnswer(config)],
    [false, wrapped('', 'KafkaJSSASLAuthenticationError')],
    [false, wrapped('TOPIC_AUTHORIZATION_FAILED')],
    [false, new PipelineError('BUS_UNAVAILABLE', 'expected the topics assay.spans, but it has not')],
    [false, Object.assign(new Error('x'), { name: 'KafkaJSConnectionError', code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })],
    [false, Object.assign(new Error('x'), { name: 'KafkaJSConnectionError', code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })],
    [false, 'no error'],
  ])('is that it is away, %s, when it may be over by itself: %#', (expected, error) => {
    expect(isAway(error)).toBe(expected);
  });

  it.each([
    [wrapped('UNKNOWN_TOPIC_OR_PARTITION'), /run assay topics create$/],
    [
      wrapped('TOPIC_AUTHORIZATION_FAILED'),
      /as assay by scram-sha-512\) write.*grant it .*Write on topics that begin with assay\.$/,
    ],
    [wrapped('GROUP_AUTHORIZATION_FAILED'), /grant it Describe and Read on groups that begin with assay\.$/],
    [wrapped('UNSUPPORTED_SASL_MECHANISM'), /does not have that mechanism; set bus\.kafka\.sasl\.mechanism/],
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
