import kafkajs, { type Admin } from 'kafkajs';
import { systemClock } from '../../core/clock.js';
import { PipelineError } from '../../core/errors.js';
import type { Topic } from '../../core/log.js';
import { silentLogger } from '../../core/logger.js';
import type { KafkaConfig } from '../config.js';
import { topicSpecs, type TopicSpec } from '../topics.js';
import { connectOnce, makeClient, NO_RETRY } from './client.js';
import { toBusError } from './faults.js';

/** For topics that were just made, 10 s in all. */
const LOOK_EVERY_MS = 200;
const MOST_LOOKS = 50;

/** One thing that is not on the broker as the settings say. */
export interface TopicDifference {
  /** Kafka's name of the setting, `partitions` or `replicationFactor`. */
  readonly setting: string;
  readonly expected: string;
  readonly found: string;
}

/** A topic of Assay as it is on the broker. */
export interface TopicState {
  readonly topic: Topic;
  readonly name: string;
  readonly status: 'created' | 'ok' | 'differs' | 'missing';
  readonly differences: readonly TopicDifference[];
}

export interface TopicAdminOptions {
  readonly kafka: KafkaConfig;
  readonly retentionHours: number;
  readonly deadLetterHours: number;
}

/** What `assay topics` does: looks, and makes what is missing. Nothing is ever changed or deleted. */
export interface TopicAdmin {
  list(): Promise<readonly TopicState[]>;
  /** Makes the missing topics; what differs is left as it is, and named. */
  create(): Promise<readonly TopicState[]>;
}

/**
 * Connects for one piece of work.
 * @throws {PipelineError} BUS_UNAVAILABLE with what was tried and what to do
 */
export async function withTopicAdmin<T>(
  options: TopicAdminOptions,
  work: (admin: TopicAdmin) => Promise<T>,
): Promise<T> {
  const { kafka, retentionHours, deadLetterHours } = options;
  const admin = makeClient(kafka, silentLogger, NO_RETRY).admin();
  const specs = topicSpecs({ ...kafka, retentionHours, deadLetterHours });
  try {
    await connectOnce(kafka, admin);
    return await work({
      list: () => statesOf(admin, specs),
      create: () => create(admin, specs, kafka),
    });
  } catch (error) {
    throw toBusError('look at its topics', error, kafka);
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

async function create(admin: Admin, specs: readonly TopicSpec[], kafka: KafkaConfig): Promise<readonly TopicState[]> {
  const before = await statesOf(admin, specs);
  const missing = new Set(before.filter(({ status }) => status === 'missing').map(({ name }) => name));
  const topics = specs
    .filter(({ name }) => missing.has(name))
    .map(({ name, partitions, replicationFactor, settings }) => ({
      topic: name,
      numPartitions: partitions,
      replicationFactor,
      configEntries: Object.entries(settings).map(([setting, value]) => ({ name: setting, value })),
    }));
  if (topics.length === 0) return before;
  try {
    // The wait of kafkajs ends with an error where the broker it asks has not heard of the topics yet.
    await admin.createTopics({ topics, waitForLeaders: false, timeout: kafka.requestTimeoutMs });
  } catch (error) {
    throw toBusError('create topics', firstOf(error), kafka);
  }
  const after = await statesOnceThere(admin, specs);
  for (const name of missing) await onceLed(admin, name);
  return after.map((state) =>
    missing.has(state.name) && state.status === 'ok' ? { ...state, status: 'created' } : state,
  );
}

/** Every broker learns of a new topic in its own time. */
async function statesOnceThere(admin: Admin, specs: readonly TopicSpec[]): Promise<readonly TopicState[]> {
  for (let looks = 1; ; looks += 1) {
    const states = await statesOf(admin, specs).catch((error: unknown) => {
      if (looks >= MOST_LOOKS) throw error;
      return undefined;
    });
    const isThere = states?.every(({ status }) => status !== 'missing') === true;
    if (states !== undefined && (isThere || looks >= MOST_LOOKS)) return states;
    await systemClock.sleep(LOOK_EVERY_MS);
  }
}

/** A leader answers as one a moment after it is named; until then it refuses what is written to the topic. */
async function onceLed(admin: Admin, name: string): Promise<void> {
  for (let looks = 1; ; looks += 1) {
    try {
      await admin.fetchTopicOffsets(name);
      return;
    } catch (error) {
      if (looks >= MOST_LOOKS) throw error;
    }
    await systemClock.sleep(LOOK_EVERY_MS);
  }
}

/** kafkajs gathers one error a topic; the first says what is wrong with all of them. */
function firstOf(error: unknown): unknown {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors)
    ? (error.errors[0] ?? error)
    : error;
}

async function statesOf(admin: Admin, specs: readonly TopicSpec[]): Promise<readonly TopicState[]> {
  const there = new Set(await admin.listTopics());
  const found = specs.filter(({ name }) => there.has(name));
  const layouts = await layoutsOf(admin, found);
  const settings = await settingsOf(admin, found);
  return specs.map((spec) => {
    const { topic, name } = spec;
    const layout = layouts.get(name);
    if (layout === undefined) return { topic, name, status: 'missing', differences: [] };
    const wanted = {
      partitions: String(spec.partitions),
      replicationFactor: String(spec.replicationFactor),
      ...spec.settings,
    };
    const differences = compare(wanted, { ...layout, ...settings.get(name) });
    return { topic, name, status: differences.length === 0 ? 'ok' : 'differs', differences };
  });
}

type Settings = Readonly<Record<string, string>>;

async function layoutsOf(admin: Admin, specs: readonly TopicSpec[]): Promise<ReadonlyMap<string, Settings>> {
  if (specs.length === 0) return new Map();
  const { topics } = await admin.fetchTopicMetadata({ topics: specs.map(({ name }) => name) });
  return new Map(
    topics.map(({ name, partitions }) => {
      const replicationFactor = String(partitions[0]?.replicas.length ?? 0);
      return [name, { partitions: String(partitions.length), replicationFactor }];
    }),
  );
}

async function settingsOf(admin: Admin, specs: readonly TopicSpec[]): Promise<ReadonlyMap<string, Settings>> {
  if (specs.length === 0) return new Map();
  const resources = specs.map(({ name, settings }) => ({
    type: kafkajs.ConfigResourceTypes.TOPIC,
    name,
    configNames: Object.keys(settings),
  }));
  const described = await admin.describeConfigs({ resources, includeSynonyms: false });
  return new Map(
    described.resources.map(({ resourceName, configEntries, errorCode, errorMessage }) => {
      if (errorCode !== 0) throw new PipelineError('BUS_UNAVAILABLE', refusal(resourceName, errorMessage));
      return [
        resourceName,
        Object.fromEntries(configEntries.map(({ configName, configValue }) => [configName, configValue])),
      ];
    }),
  );
}

function refusal(name: string, reason: string): string {
  return `expected Kafka to tell the settings of the topic ${name}, but it refused: ${reason}; grant DescribeConfigs on it`;
}

function compare(wanted: Settings, found: Settings): readonly TopicDifference[] {
  return Object.entries(wanted)
    .filter(([setting, expected]) => found[setting] !== expected)
    .map(([setting, expected]) => ({ setting, expected, found: found[setting] ?? 'nothing' }));
}
