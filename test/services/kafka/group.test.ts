import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import type { DistributedLog, KafkaConfig } from '../../../bus/index.js';
import type { LogReader, StoredRecord } from '../../../core/log.js';
import { textRecord } from '../../contracts/log.js';
import { until } from '../../helpers/until.js';
import { kafkaSettings, makeTopics, openLog, removeTopics } from './world.js';

const never = new AbortController().signal;
const options = { maxRecords: 20, maxBytes: 1_000_000, waitMs: 50 };

/** A worker of a role: reads, and commits what it has read. */
class Worker {
  readonly seen: StoredRecord[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(readonly reader: LogReader) {
    this.#running = this.#work();
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.reader.close();
  }

  async #work(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const records = await this.reader.poll(options, this.#stop.signal);
      this.seen.push(...records);
      for (const { partition, offset } of records) await this.reader.commit(partition, offset + 1);
    }
  }
}

describe('two workers of one group', () => {
  const { plain } = inject('broker');
  let config: KafkaConfig;
  const logs: DistributedLog[] = [];

  beforeEach(async () => {
    config = kafkaSettings(plain);
    await makeTopics(config, plain, 4);
    for (let count = 0; count < 2; count += 1) logs.push(await openLog(config));
  });

  afterEach(async () => {
    await Promise.all(logs.splice(0).map((log) => log.stop(never)));
    await removeTopics(config, plain);
  });

  it('share the partitions, read everything between them, and one goes on alone when the other leaves', async () => {
    const [one, other] = logs as [DistributedLog, DistributedLog];
    let sent = 0;
    const send = async (count: number): Promise<void> => {
      const records = Array.from({ length: count }, (_, at) => textRecord('spans', `k${sent + at}`, String(sent + at)));
      await one.append(records);
      sent += count;
    };
    const first = new Worker(one.reader('spans', 'shared'));
    await send(100);
    await until(
      async () => first.seen.length,
      (seen) => seen >= 100,
    );
    const second = new Worker(other.reader('spans', 'shared'));
    await until(
      async () => {
        await send(20);
        return second.seen.length;
      },
      (seen) => seen > 0,
    );
    await send(200);
    const all = (): number =>
      new Set([...first.seen, ...second.seen].map(({ value }) => Buffer.from(value).toString())).size;
    await until(
      async () => all(),
      (seen) => seen === sent,
    );
    await second.end();
    await send(200);
    await until(
      async () => all(),
      (seen) => seen === sent,
    );
    await until(
      () => one.lag('spans', 'shared'),
      (lag) => lag === 0,
    );
    await first.end();
    const twice = first.seen.length + second.seen.length - sent;
    // Only what was polled and not committed when a partition changed hands may come again.
    expect(twice).toBeLessThanOrEqual(2 * options.maxRecords);
  });

  it('keeps a member that holds what it was given for longer than its session', async () => {
    const [one] = logs as [DistributedLog, DistributedLog];
    await one.append(Array.from({ length: 10 }, (_, at) => textRecord('spans', 'a', String(at))));
    const reader = one.reader('spans', 'slow');
    const [record] = await reader.poll({ ...options, maxRecords: 1, waitMs: 5_000 }, never);
    await new Promise((done) => setTimeout(done, 2 * config.sessionTimeoutMs));
    await reader.commit(record!.partition, record!.offset + 1);
    const rest: StoredRecord[] = [];
    await until(
      async () => {
        rest.push(...(await reader.poll(options, never)));
        return rest.length;
      },
      (count) => count >= 9,
    );
    expect(rest.map(({ value }) => Buffer.from(value).toString())).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
      '8',
      '9',
    ]);
    expect((await reader.committed()).get(record!.partition)).toBe(record!.offset + 1);
  });
});
