import { expect, it } from 'vitest';
import { TOPICS, type Topic } from '../core/log.js';
import { topicSpecs } from './topics.js';

/** Those that are kept longer, in milliseconds. The journal a week and a day, since a budget may be a week's. */
const HOURS: Partial<Record<Topic, string>> = { 'dead-letters': '604800000', journal: '691200000' };

const specs = topicSpecs({
  ...{ topicPrefix: 'assay.', retentionHours: 24, deadLetterHours: 168 },
  ...{ replicationFactor: 3, minInsyncReplicas: 2 },
});

it('has every topic of the pipeline, under the prefix', () => {
  expect(specs.map(({ name }) => name)).toEqual(TOPICS.map((topic) => `assay.${topic}`));
});

it.each([['spans', 'logs'] as const, ['spans', 'decisions'] as const, ['judgements', 'journal'] as const])(
  'gives %s and %s the same number of partitions, so that a trace has one number in both',
  (...topics) => {
    const [one, other] = topics.map((topic) => specs.find((spec) => spec.topic === topic)?.partitions);
    expect(one).toBeGreaterThan(0);
    expect(one).toBe(other);
  },
);

it('stamps records with the broker’s time, deletes them by age, and asks for the copies of the settings', () => {
  for (const { topic, replicationFactor, settings } of specs) {
    expect(replicationFactor).toBe(3);
    expect(settings).toMatchObject({
      'cleanup.policy': 'delete',
      'retention.ms': HOURS[topic] ?? '86400000',
      'min.insync.replicas': '2',
      'message.timestamp.type': 'LogAppendTime',
    });
  }
});

it('has room in the dead letters for the largest record of any topic, with what is added to it', () => {
  const largest = Math.max(
    ...specs
      .filter(({ topic }) => topic !== 'dead-letters')
      .map(({ settings }) => Number(settings['max.message.bytes'])),
  );
  const dead = specs.find(({ topic }) => topic === 'dead-letters');
  expect(Number(dead?.settings['max.message.bytes'])).toBeGreaterThanOrEqual(largest + 2 ** 20);
});
