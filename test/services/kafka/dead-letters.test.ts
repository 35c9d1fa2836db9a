import { createCipheriv } from 'node:crypto';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { DeadLetter, DeadLetterList, TraceRow } from '../../../app/index.js';
import { agentRun, traceIdOf } from '../../../bench/agent-run.js';
import type { DistributedLog, KafkaConfig } from '../../../bus/index.js';
import { bury } from '../../../core/dead-letter.js';
import type { LogRecord, StoredRecord, Topic } from '../../../core/log.js';
import { scanned } from '../../contracts/log.js';
import {
  askAssay,
  runAssay,
  startAssayProcess,
  temporaryDirectory,
  type AssayProcess,
} from '../../helpers/assay-process.js';
import { deliver } from '../../helpers/deliver.js';
import { until } from '../../helpers/until.js';
import { kafkaSettings, makeTopics, openLog, removeTopics } from './world.js';

const KEY = 'f'.repeat(32);

function poison(topic: Topic): LogRecord {
  return { topic, key: KEY, value: Buffer.from(`{"no ${topic}"`), headers: { 'assay.tenant': 'acme' } };
}

describe('dead letters on Kafka', { timeout: 180_000 }, () => {
  const { plain } = inject('broker');
  const [data, elsewhere] = [temporaryDirectory(), temporaryDirectory()];
  let config: KafkaConfig;
  let settings: readonly string[];
  let log: DistributedLog;
  let assay: (AssayProcess & { readonly url: string }) | undefined;

  beforeAll(async () => {
    config = kafkaSettings(plain);
    const kafka = [`brokers=[${plain}]`, `topicPrefix=${config.topicPrefix}`, 'sessionTimeoutMs=6000'];
    settings = ['sampler.salt=a-salt-of-the-tests', ...kafka.map((value) => `bus.kafka.${value}`)].flatMap((value) => [
      '--set',
      value,
    ]);
    await makeTopics(config, plain);
    log = await openLog(config);
    await log.append([poison('spans'), poison('decisions'), poison('judgements')]);
    assay = await startAssayProcess({ data, args: [...settings, '--set', 'sampler.quietMs=200'] });
  }, 120_000);

  afterAll(async () => {
    await assay?.stop();
    await log.stop(new AbortController().signal);
    await removeTopics(config, plain);
    for (const folder of [data, elsewhere]) rmSync(folder, { recursive: true, force: true });
  });

  it('are written once by the role that cannot read a record, and what lies behind it is read', async () => {
    await deliver(() => assay?.url ?? '', agentRun({ number: 1 }), AbortSignal.timeout(60_000));
    const { letters } = await until(
      () => askAssay<DeadLetterList>(data, 'dead-letters', 'list'),
      ({ total }) => total === 3,
    );
    expect(letters.map(({ topic, role, tenant }) => `${topic} ${role} ${String(tenant)}`).sort()).toEqual([
      'decisions write acme',
      'judgements judge acme',
      'spans write acme',
    ]);
    const rows = await until(
      () => askAssay<readonly TraceRow[]>(data, 'traces'),
      ([row]) => row !== undefined && row.outcome !== 'open' && row.outcome !== 'pending',
    );
    expect(rows).toMatchObject([{ traceId: traceIdOf(1) }]);
  });

  it('are listed, shown and replayed from anywhere, with the settings of Kafka alone', async () => {
    await assay?.stop();
    assay = undefined;
    const run = (...words: readonly string[]): ReturnType<typeof runAssay> =>
      runAssay(['dead-letters', ...words, '--data', elsewhere, ...settings]);
    const { letters } = JSON.parse((await run('list', '--json')).stdout) as DeadLetterList;
    expect(letters).toHaveLength(3);
    const { id } = letters.find(({ topic }) => topic === 'judgements')!;
    const shown = JSON.parse((await run('show', id, '--json')).stdout) as DeadLetter;
    expect(Buffer.from(shown.base64 ?? '', 'base64').toString()).toBe('{"no judgements"');
    expect(await run('replay', id)).toEqual({ code: 0, stdout: 'Replayed 1 to judgements.\n', stderr: '' });
    expect(await run('replay', '--all')).toMatchObject({ code: 0, stderr: '' });
    expect((await run('replay', '--all')).stdout).toBe('Nothing was replayed.\n');
    const again = await scanned(log, 'judgements');
    expect(again.map(({ key, headers }) => [key, headers['assay.tenant']])).toEqual([
      [KEY, 'acme'],
      [KEY, 'acme'],
    ]);
  });

  it('hold the largest record of any topic, and go without their bytes where one is larger still', async () => {
    const letterOf = async (bytes: number): Promise<StoredRecord | undefined> => {
      // So that compression does not help.
      const value = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(bytes));
      const record = { ...poison('spans'), value, partition: 0, offset: bytes, acceptedAtMs: 0, headers: {} };
      await bury([{ record, role: 'write', error: new Error('x'.repeat(2_000)) }], log);
      return (await scanned(log, 'dead-letters')).find(({ headers }) => headers['assay.dead.offset'] === String(bytes));
    };
    const most = 8 * 2 ** 20;
    expect((await letterOf(most - 1_024))?.value).toHaveLength(most - 1_024);
    const larger = await letterOf(most + 2 ** 21);
    expect(larger?.value).toHaveLength(0);
    expect(larger?.headers['assay.dead.bytes']).toBe(String(most + 2 ** 21));
  });
});
