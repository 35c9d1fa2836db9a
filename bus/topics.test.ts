import { expect, it } from 'vitest';
import { TOPICS } from '../core/log.js';
import { topicSpecs } from './topics.js';

const specs = topicSpecs({
  ...{ topicPrefix: 'assay.', retentionHours: 24, deadLetterHours: 168 },
  ...{ replicationFactor: 3, minInsyncReplicas: 2 },
});

it('has every topic of the pipeline, under the prefix', () => {
  expect(specs.map(({ name }) => name)).toEqual(TOPICS.map((topic) => `assay.${topic}`));
});

it('gives spans and logs the same number of partitions, so that a trace has one number in both', () => {
  const [spans, logs] = specs;
  expect([spans?.name, logs?.name]).toEqual(['assay.spans', 'assay.logs']);
  expect(spans?.partitions).toBe(logs?.partitions);
});

it('stamps records with the broker’s time, deletes them by age, and asks for the copies of the settings', () => {
  for (const { topic, replicationFactor, settings } of specs) {
    expect(replicationFactor).toBe(3);
    expect(settings).toMatchObject({
      'cleanup.policy': 'delete',
      'retention.ms': topic === 'dead-letters' ? '604800000' : '86400000',
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
