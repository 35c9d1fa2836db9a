import { PipelineError } from '../../core/errors.js';
import type { KafkaConfig, KafkaConnection } from '../config.js';

/** The settings that an error speaks of. Only Assay's own topics have a prefix. */
export type FaultPlace = KafkaConnection & Partial<Pick<KafkaConfig, 'topicPrefix' | 'replicationFactor'>>;

/** What kafkajs says went wrong, once what it wrapped around it is taken off. */
export interface Fault {
  /** Class of the error, such as `KafkaJSConnectionError`. */
  readonly name: string;
  /** Kafka's own name of it, such as `NOT_ENOUGH_REPLICAS`; empty when it came from no broker. */
  readonly type: string;
  readonly message: string;
}

/** The outer errors of kafkajs say "not retriable" of everything; only the deepest cause tells what it was. */
export function faultOf(error: unknown): Fault {
  const deepest = deepestOf(error);
  if (!(deepest instanceof Error)) return { name: '', type: '', message: String(deepest) };
  const type = 'type' in deepest && typeof deepest.type === 'string' ? deepest.type : '';
  return { name: deepest.name, type, message: deepest.message };
}

function deepestOf(error: unknown): unknown {
  let deepest = error;
  // Bounded, should an error ever be its own cause.
  for (let depth = 0; depth < 10 && deepest instanceof Error && deepest.cause instanceof Error; depth += 1)
    deepest = deepest.cause;
  return deepest;
}

/**
 * Nobody answers, or not in time: it may be over without anybody's doing. A refused login, a missing topic and a certificate that
 * is not trusted are not of that kind, since somebody has to change something first.
 */
export function isAway(error: unknown): boolean {
  const deepest = deepestOf(error);
  if (!(deepest instanceof Error)) return false;
  const code = 'code' in deepest ? String(deepest.code) : '';
  if (/CERT|SSL|TLS|SIGNATURE|EPROTO/.test(code)) return false;
  return SILENT.includes(deepest.name) || isElecting(deepest);
}

const NO_ANSWER = 'NoAnswer';
const SILENT = [
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSTimeout',
  'KafkaJSLockTimeout',
  NO_ANSWER,
];

/** Of who does not wait for an answer any longer. */
export function noAnswer(config: KafkaConfig): PipelineError {
  const cause = new Error('no answer came in time');
  cause.name = NO_ANSWER;
  return toBusError('write', cause, config);
}

/** Of a consumer that nothing helps. @param cause - what it last ended with */
export function givenUp(groupId: string, reason: string, { config, cause }: GivenUpFor): PipelineError {
  const { type } = faultOf(cause);
  const advice = type.endsWith('AUTHORIZATION_FAILED')
    ? `grant it Read on the group ${groupId} and on the topics that it reads`
    : `look at the group with Kafka's own tools when it ends again`;
  return new PipelineError(
    'BUS_UNAVAILABLE',
    `expected a consumer of the group ${groupId} on Kafka at ${config.brokers.join(', ')} (${loginOf(config)}) to read, but ${reason}, although the brokers answer; this process ends, to be started anew: ${advice}`,
    { cause },
  );
}

export interface GivenUpFor {
  readonly config: FaultPlace;
  readonly cause: unknown;
}

const TOO_LARGE = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'];

export function isTooLarge(error: unknown): boolean {
  return TOO_LARGE.includes(faultOf(error).type);
}

/** A partition or a group is moving to another broker: trying again helps. */
export function isElecting(error: unknown): boolean {
  return ELECTING.includes(faultOf(error).type);
}

const ELECTING = [
  'NOT_LEADER_FOR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_LOAD_IN_PROGRESS',
];

/** The consumer is between two generations of its group: trying again helps. */
export function isRebalancing(error: unknown): boolean {
  return ['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'].includes(faultOf(error).type);
}

/** What an error is about. */
export interface Attempt {
  /** Such as `write to assay.spans`. */
  readonly what: string;
  /** What it takes, as Kafka calls it, such as `Write on the topic assay.spans`. */
  readonly right?: string;
}

/** The error that Assay hands on, with one sentence: what was tried, where, what came, what to do. */
export function toBusError(attempt: Attempt | string, error: unknown, config: FaultPlace): PipelineError {
  if (error instanceof PipelineError) return error;
  const tried = typeof attempt === 'string' ? { what: attempt } : attempt;
  return new PipelineError('BUS_UNAVAILABLE', sentence(tried, faultOf(error), config), { cause: error });
}

function sentence({ what, right }: Attempt, { name, type, message }: Fault, config: FaultPlace): string {
  const setting = config.topicPrefix === undefined ? 'bus.source' : 'bus.kafka';
  const where = `Kafka at ${config.brokers.join(', ')}`;
  const login = loginOf(config);
  if (type === 'UNSUPPORTED_SASL_MECHANISM')
    return `expected ${where} to accept the login ${login}, but it does not have that mechanism; set ${setting}.sasl.mechanism to one of its sasl.enabled.mechanisms`;
  if (name.includes('SASL'))
    return `expected ${where} to accept the login ${login}, but it refused: ${message}; check ${setting}.sasl, and that the user exists there`;
  if (type.endsWith('AUTHORIZATION_FAILED'))
    return `expected ${where} to let Assay (${login}) ${what}, but it is not allowed to: ${type}; grant it ${right ?? rightFor(type, config)}`;
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION')
    return `expected ${where} to have the topics of ${setting}, but could not ${what}: ${type}; ${setting === 'bus.kafka' ? 'run assay topics create' : 'create them, or correct the names'}`;
  if (type === 'INVALID_REPLICATION_FACTOR')
    return `expected ${where} to have at least bus.kafka.replicationFactor = ${String(config.replicationFactor)} brokers, but it has fewer; add brokers, or lower the setting`;
  if (type.startsWith('NOT_ENOUGH_REPLICAS'))
    return `expected ${where} to have as many copies in sync as min.insync.replicas asks for, but it has fewer (${type}); bring its brokers back`;
  const over = config.tls.enabled ? 'over TLS' : 'without TLS';
  const tried = `expected to ${what} on ${where} (${over}, ${login}), but ${type === '' ? message : type}`;
  return /certificate|altname/i.test(message)
    ? `${tried}; ${trustAdvice(config, setting)}`
    : `${tried}; check that the brokers run, ${setting}.brokers, and whether they want TLS or a login`;
}

function loginOf({ sasl }: FaultPlace): string {
  return sasl === undefined ? 'without login' : `as ${sasl.username} by ${sasl.mechanism}`;
}

function rightFor(type: string, { topicPrefix }: FaultPlace): string {
  const [kind = '', rights = ''] =
    [
      ['topics', 'Describe, DescribeConfigs, Read and Write'],
      ['groups', 'Describe and Read'],
      ['the cluster', 'Create'],
    ][['TOPIC', 'GROUP', 'CLUSTER'].findIndex((prefix) => type.startsWith(prefix))] ?? [];
  if (topicPrefix === undefined) return `Describe and Read on the topics and the group of bus.source`;
  return kind === 'the cluster' ? `${rights} on ${kind}` : `${rights} on ${kind} that begin with ${topicPrefix}`;
}

function trustAdvice({ tls: { caFile } }: FaultPlace, setting: string): string {
  const of = 'the authority that signed the certificate of the brokers';
  return caFile === undefined
    ? `set ${setting}.tls.caFile to a PEM file of ${of}`
    : `expected ${setting}.tls.caFile = ${caFile} to be of ${of}, and the brokers to be named in it as in ${setting}.brokers`;
}
