import { expect, it } from 'vitest';
import { TOPICS } from '../core/log.js';
import { topicSpecs } from './topics.js';

const specs = topicSpecs({ topicPrefix: 'assay.', retentionHours: 24, replicationFactor: 3, minInsyncReplicas: 2 });

it('has every topic of the pipeline, under the prefix', () => {
  expect(specs.map(({ name }) => name)).toEqual(TOPICS.map((topic) => `assay.${topic}`));
});

it('gives spans and logs the same number of partitions, so that a trace has one number in both', () => {
  const [spans, logs] = specs;
  expect([spans?.name, logs?.name]).toEqual(['assay.spans', 'assay.logs']);
  expect(spans?.partitions).toBe(logs?.partitions);
});

it('stamps records with the broker’s time, deletes them by age, and asks for the copies of the settings', () => {
  for (const { replicationFactor, settings } of specs) {
    expect(replicationFactor).toBe(3);
    expect(settings).toMatchObject({
      'cleanup.policy': 'delete',
      'retention.ms': '86400000',
      'min.insync.replicas': '2',
      'message.timestamp.type': 'LogAppendTime',
    });
  }
});
