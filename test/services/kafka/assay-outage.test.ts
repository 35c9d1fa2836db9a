import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../app/index.js';
import { agentRun } from '../../../bench/agent-run.js';
import { askAssay, startAssayProcess, temporaryDirectory, type AssayProcess } from '../../helpers/assay-process.js';
import { deliver } from '../../helpers/deliver.js';
import { until } from '../../helpers/until.js';
import { startBroker, type Broker } from './broker.js';
import { kafkaSettings, makeTopics } from './world.js';

const AWAY_MS = 10_000;

describe('assay up while its broker is killed and comes back', { timeout: 240_000 }, () => {
  const data = temporaryDirectory();
  let broker: Broker;
  let assay: AssayProcess & { readonly url: string };

  beforeAll(async () => {
    broker = await startBroker();
    const { plain } = broker.address;
    const { topicPrefix } = kafkaSettings(plain);
    await makeTopics(kafkaSettings(plain, { topicPrefix }), plain);
    const kafka = [`brokers=[${plain}]`, `topicPrefix=${topicPrefix}`, 'sessionTimeoutMs=6000', 'appendTimeoutMs=2000'];
    const sampler = ['sampler.quietMs=500', 'sampler.salt=a-salt-of-the-tests'];
    const settings = [...kafka.map((value) => `bus.kafka.${value}`), ...sampler];
    assay = await startAssayProcess({ data, args: settings.flatMap((value) => ['--set', value]) });
  }, 200_000);

  afterAll(async () => {
    await assay.stop();
    await broker.dispose();
    rmSync(data, { recursive: true, force: true });
  });

  async function readiness(): Promise<string> {
    const answer = await fetch(`${assay.url}/readyz`);
    return `${answer.status} ${await answer.text()}`;
  }

  it('answers 503 meanwhile, and then decides every trace that it acknowledged, in the same process', async () => {
    let acknowledged = 0;
    const stop = new AbortController();
    const sending = (async () => {
      for (; !stop.signal.aborted; acknowledged += 1)
        await deliver(() => assay.url, agentRun({ number: acknowledged }), AbortSignal.timeout(120_000));
    })();
    await until(
      async () => acknowledged,
      (count) => count > 10,
    );
    await broker.stop('KILL');
    await until(readiness, (answer) => answer.startsWith('503') && answer.includes(broker.address.plain));
    const before = acknowledged;
    await new Promise((done) => setTimeout(done, AWAY_MS));
    expect(acknowledged).toBeLessThanOrEqual(before + 1);
    await broker.start();
    const backMs = Date.now();
    await until(readiness, (answer) => answer.startsWith('200'), 30_000);
    await until(
      async () => acknowledged,
      (count) => count > before + 10,
      30_000,
    );
    expect(Date.now() - backMs).toBeLessThan(30_000);
    stop.abort();
    await sending;
    const report = (): Promise<Report> => askAssay(data, 'report');
    const { coverage } = await until(
      report,
      (found) => found.coverage.received >= acknowledged && found.coverage.open === 0,
      90_000,
    );
    expect(coverage.received).toBe(acknowledged);
    expect(assay.child.exitCode).toBeNull();
  });
});
