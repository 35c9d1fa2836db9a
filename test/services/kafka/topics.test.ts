import { describe, expect, inject, it } from 'vitest';
import type { TopicState } from '../../../bus/index.js';
import { runAssay } from '../../helpers/assay-process.js';
import { freePort } from '../../helpers/free-port.js';
import { until } from '../../helpers/until.js';
import { kafkaSettings, removeTopics, withAdmin } from './world.js';

function settings(broker: string, prefix: string): readonly string[] {
  const values = [`brokers=[${broker}]`, `topicPrefix=${prefix}`, 'replicationFactor=1', 'minInsyncReplicas=1'];
  return values.flatMap((value) => ['--set', `bus.kafka.${value}`]);
}

describe('assay topics', () => {
  const { plain } = inject('broker');

  it('makes what is missing, names what differs, and changes nothing', async () => {
    const config = kafkaSettings(plain);
    const { topicPrefix: prefix } = config;
    const options = settings(plain, prefix);
    try {
      await withAdmin(plain, (admin) =>
        admin.createTopics({ topics: [{ topic: `${prefix}spans`, numPartitions: 2 }], waitForLeaders: false }),
      );
      const before = await until(
        () => runAssay(['topics', 'list', ...options]),
        ({ stdout }) => stdout.includes('differs'),
      );
      expect(before).toMatchObject({ code: 1, stderr: '' });
      expect(before.stdout).toMatch(new RegExp(`${prefix}logs +missing`));

      const created = await runAssay(['topics', 'create', '--json', ...options]);
      expect(created.code).toBe(1);
      const { topics } = JSON.parse(created.stdout) as { readonly topics: readonly TopicState[] };
      const [spans, ...others] = topics;
      expect(others.map(({ status }) => status)).toEqual(others.map(() => 'created'));
      expect(spans).toMatchObject({ name: `${prefix}spans`, status: 'differs' });
      expect(spans?.differences).toContainEqual({ setting: 'partitions', expected: '6', found: '2' });
      expect(spans?.differences).toContainEqual({
        setting: 'message.timestamp.type',
        expected: 'LogAppendTime',
        found: 'CreateTime',
      });

      const again = await runAssay(['topics', 'create', ...options]);
      expect(again.stdout).toMatch(/partitions: expected 6, found 2/);
      expect(again.stdout).not.toContain('created');
    } finally {
      await removeTopics(config, plain);
    }
  });

  it('ends with 3 and one sentence when no broker answers, and with 2 without the setting', async () => {
    const nobody = `127.0.0.1:${await freePort()}`;
    const away = await runAssay(['topics', 'list', ...settings(nobody, 'assay.')]);
    expect(away).toMatchObject({ code: 3, stdout: '' });
    expect(away.stderr).toMatch(new RegExp(`^assay: expected .*${nobody}.*\n$`));
    const embedded = await runAssay(['topics', 'list']);
    expect(embedded.code).toBe(2);
    expect(embedded.stderr).toContain('bus.kafka.brokers');
  });

  it('says what to lower when there are too few brokers for the copies', async () => {
    const { topicPrefix } = kafkaSettings(plain);
    const { code, stderr } = await runAssay(['topics', 'create', ...settings(plain, topicPrefix).slice(0, 4)]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/bus\.kafka\.replicationFactor = 3/);
  });
});
