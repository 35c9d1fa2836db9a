import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { ErasedTraces, Report, Why } from '../../../app/index.js';
import { agentRun, traceIdOf } from '../../../bench/agent-run.js';
import type { KafkaConfig } from '../../../bus/index.js';
import {
  askAssay,
  runAssay,
  startAssayProcess,
  temporaryDirectory,
  type AssayProcess,
} from '../../helpers/assay-process.js';
import { deliver } from '../../helpers/deliver.js';
import { freePort } from '../../helpers/free-port.js';
import { until } from '../../helpers/until.js';
import { kafkaSettings, makeTopics, removeTopics } from './world.js';

const RUNS = 12;

describe('assay up on Kafka', { timeout: 180_000 }, () => {
  const { plain } = inject('broker');
  const data = temporaryDirectory();
  let config: KafkaConfig;
  let settings: readonly string[];
  let assay: AssayProcess & { readonly url: string };

  beforeAll(async () => {
    config = kafkaSettings(plain);
    settings = settingsOf(plain, config.topicPrefix);
    await makeTopics(config, plain);
    assay = await startAssayProcess({ data, args: [...settings, '--set', 'sampler.quietMs=200'] });
  }, 120_000);

  afterAll(async () => {
    await assay.stop();
    await removeTopics(config, plain);
    rmSync(data, { recursive: true, force: true });
  });

  const report = (): Promise<Report> => askAssay(data, 'report');

  it('decides and stores every trace that it acknowledged, once', async () => {
    for (let number = 0; number < RUNS; number += 1)
      await deliver(() => assay.url, agentRun({ number }), AbortSignal.timeout(60_000));
    const { coverage } = await until(report, (found) => found.coverage.received === RUNS && found.coverage.open === 0);
    expect(coverage).toMatchObject({ received: RUNS, open: 0 });
    const why = await askAssay<Why>(data, 'why', traceIdOf(3));
    expect(why).toMatchObject({ complete: true, service: 'shop-agent' });
    expect(why.trajectory.steps.map(({ kind }) => kind)).toEqual(['model', 'tool', 'model']);
  });

  it('says of an erasure that Kafka keeps its records until they are old', async () => {
    const { code, stdout } = await runAssay([
      'erase',
      '--trace',
      traceIdOf(3),
      '--data',
      data,
      '--yes',
      '--json',
      ...settings,
    ]);
    expect(code).toBe(0);
    const erased = JSON.parse(stdout) as ErasedTraces & { readonly remains: readonly string[] };
    expect(erased).toMatchObject({ busRecords: null });
    expect(erased.spans).toBeGreaterThan(0);
    expect(erased.remains.join('\n')).toMatch(/records on Kafka.*bus\.retention\.hours/);
  });

  it('has a doctor that says where Kafka is', async () => {
    const port = `collector.http.port=${new URL(assay.url).port}`;
    const { stdout } = await runAssay(['doctor', '--data', data, '--json', ...settings, '--set', port]);
    const { checks } = JSON.parse(stdout) as { readonly checks: readonly { name: string; message: string }[] };
    expect(checks.find(({ name }) => name === 'bus')?.message).toContain(`Kafka at ${plain}`);
  });

  it('goes on after a restart with what it had not finished', async () => {
    const before = (await report()).coverage.received;
    await deliver(() => assay.url, agentRun({ number: RUNS }), AbortSignal.timeout(60_000));
    await assay.stop();
    assay = await startAssayProcess({ data, args: [...settings, '--set', 'sampler.quietMs=200'] });
    const { coverage } = await until(report, (found) => found.coverage.received > before && found.coverage.open === 0);
    expect(coverage.received).toBe(before + 1);
  });

  it.each([
    [
      'no broker answers and there is no spool',
      async () => [
        ...settingsOf(`127.0.0.1:${await freePort()}`, 'assay.'),
        ...['--set', 'bus.kafka.spool.enabled=false'],
      ],
      /check that the brokers run/,
    ],
    ['topics are missing', async () => settingsOf(plain, 'nobody.made.'), /run assay topics create/],
  ])('ends with 3 and one sentence at a start where %s', async (_, make, sentence) => {
    const other = temporaryDirectory();
    const { code, stderr } = await runAssay([
      'run',
      '--role',
      'receive',
      '--http',
      '127.0.0.1:0',
      '--grpc',
      '127.0.0.1:0',
      '--data',
      other,
      ...(await make()),
    ]);
    rmSync(other, { recursive: true, force: true });
    expect(code).toBe(3);
    expect(stderr).toMatch(sentence);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});

function settingsOf(broker: string, prefix: string): readonly string[] {
  const kafka = [`brokers=[${broker}]`, `topicPrefix=${prefix}`, 'sessionTimeoutMs=6000'];
  return ['sampler.salt=a-salt-of-the-tests', ...kafka.map((value) => `bus.kafka.${value}`)].flatMap((value) => [
    '--set',
    value,
  ]);
}
