import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DistributedLog, KafkaConfig } from '../../../bus/index.js';
import { textRecord, texts } from '../../contracts/log.js';
import { until } from '../../helpers/until.js';
import { startBroker, type Broker } from './broker.js';
import { kafkaSettings, makeTopics, openLog } from './world.js';

const never = new AbortController().signal;
const AWAY_MS = 10_000;

describe('a broker that goes away', () => {
  let broker: Broker;
  let config: KafkaConfig;
  let log: DistributedLog;

  beforeEach(async () => {
    broker = await startBroker();
    config = kafkaSettings(broker.address.plain, { appendTimeoutMs: 2_000 });
    await makeTopics(config, broker.address.plain);
    log = await openLog(config);
  });

  afterEach(async () => {
    await log.stop(never);
    await broker.dispose();
  });

  it.each(['TERM', 'KILL'] as const)(
    'by %s: senders are told to come again, nothing acknowledged is lost, and readers go on by themselves',
    async (signal) => {
      const acknowledged: string[] = [];
      const refused: unknown[] = [];
      const read = new Set<string>();
      const reader = log.reader('spans', 'g');
      const stop = new AbortController();
      const reading = (async () => {
        while (!stop.signal.aborted) {
          const records = await reader.poll({ maxRecords: 100, maxBytes: 1_000_000, waitMs: 100 }, stop.signal);
          for (const text of texts(records)) read.add(text);
        }
      })();
      const sending = (async () => {
        for (let at = 0; !stop.signal.aborted; at += 1) {
          const text = `record ${at}`;
          await log.append([textRecord('spans', `k${at % 7}`, text)]).then(
            () => acknowledged.push(text),
            (error: unknown) => refused.push(error),
          );
          await new Promise((done) => setTimeout(done, 20));
        }
      })();
      await until(
        async () => read.size,
        (size) => size > 20,
      );
      await broker.stop(signal);
      const before = acknowledged.length;
      await new Promise((done) => setTimeout(done, AWAY_MS));
      expect(refused.length).toBeGreaterThan(0);
      for (const error of refused) expect(error).toMatchObject({ code: 'BUS_UNAVAILABLE' });
      expect(log.refusal()).toContain(broker.address.plain);
      await broker.start();
      await until(
        async () => acknowledged.length,
        (count) => count > before + 20,
      );
      expect(log.refusal()).toBeUndefined();
      stop.abort();
      await Promise.all([sending, reading]);
      const rest = new AbortController();
      await until(
        async () => {
          const records = await reader.poll({ maxRecords: 1_000, maxBytes: 4_000_000, waitMs: 0 }, rest.signal);
          for (const text of texts(records)) read.add(text);
          return acknowledged.filter((text) => !read.has(text)).length;
        },
        (missing) => missing === 0,
      );
    },
  );
});
