import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { agentRun, traceIdOf } from '../../../bench/agent-run.js';
import type { KafkaConfig } from '../../../bus/index.js';
import { runAssay, startAssayProcess, temporaryDirectory, type AssayProcess } from '../../helpers/assay-process.js';
import { deliver } from '../../helpers/deliver.js';
import { until } from '../../helpers/until.js';
import { startBroker, type Broker } from './broker.js';
import { kafkaSettings, makeTopics, openLog } from './world.js';

const never = new AbortController().signal;
const AWAY_MS = 10_000;
/** Far less than bus.kafka.appendTimeoutMs. */
const LONGEST_ANSWER_MS = 5_000;

describe('a receiver on its own while its broker is away', { timeout: 240_000 }, () => {
  let broker: Broker;
  let config: KafkaConfig;
  let data: string;
  let assay: AssayProcess & { readonly url: string };

  beforeAll(async () => {
    broker = await startBroker();
  }, 200_000);
  afterAll(async () => {
    await broker.dispose();
  });
  beforeEach(async () => {
    data = temporaryDirectory();
    config = kafkaSettings(broker.address.plain);
    await makeTopics(config, broker.address.plain);
    assay = await startReceiver();
  });
  afterEach(async () => {
    await assay.stop();
    rmSync(data, { recursive: true, force: true });
  });

  function startReceiver(): Promise<AssayProcess & { readonly url: string }> {
    const settings = [`brokers=[${broker.address.plain}]`, `topicPrefix=${config.topicPrefix}`];
    const args = ['--role', 'receive', ...settings.flatMap((value) => ['--set', `bus.kafka.${value}`])];
    return startAssayProcess({ data, command: 'run', args });
  }

  async function signalBroker(signal: NodeJS.Signals): Promise<void> {
    process.kill(Number(readFileSync(join(dirname(broker.address.caFile), 'pid'), 'utf8')), signal);
  }

  async function readiness(): Promise<string> {
    const answer = await fetch(`${assay.url}/readyz`);
    return `${answer.status} ${await answer.text()}`;
  }

  async function send(number: number): Promise<number> {
    const answer = await fetch(`${assay.url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(agentRun({ number })),
    });
    await answer.arrayBuffer();
    return answer.status;
  }

  /** Fails when not all of the traces of these numbers come to lie on the topic. */
  async function findOnTopic(numbers: readonly number[]): Promise<void> {
    const log = await openLog(config);
    const missing = new Set(numbers.map(traceIdOf));
    const reader = log.reader('spans', 'check');
    try {
      await until(
        async () => {
          for (const { key } of await reader.poll({ maxRecords: 1_000, maxBytes: 4_000_000, waitMs: 500 }, never))
            missing.delete(key);
          return missing.size;
        },
        (count) => count === 0,
      );
    } finally {
      await log.stop(never);
    }
  }

  /** Sends one trace after the other, their numbers being 0, 1, …, until it is stopped. */
  function keepSending(): { statuses: number[]; longestMs: () => number; stop: () => Promise<void> } {
    const statuses: number[] = [];
    let longestMs = 0;
    const stopped = new AbortController();
    const sending = (async () => {
      while (!stopped.signal.aborted) {
        const startedMs = Date.now();
        statuses.push(await send(statuses.length));
        longestMs = Math.max(longestMs, Date.now() - startedMs);
        await new Promise((done) => setTimeout(done, 20));
      }
    })();
    const stop = (): Promise<void> => {
      stopped.abort();
      return sending;
    };
    return { statuses, longestMs: () => longestMs, stop };
  }

  /** Ways of being away, and back. */
  const ways: Readonly<Record<string, readonly [leave: () => Promise<void>, back: () => Promise<void>]>> = {
    'is killed, and comes back': [() => broker.stop('KILL'), () => broker.start()],
    'hangs, and goes on': [() => signalBroker('SIGSTOP'), () => signalBroker('SIGCONT')],
  };

  it.each(Object.keys(ways))(
    'answers every request 200 and soon while it %s, and all of it comes to lie on the topic',
    async (way) => {
      const [leave, back] = ways[way]!;
      const sender = keepSending();
      const { statuses } = sender;
      const sent = (count: number): Promise<number> =>
        until(
          async () => statuses.length,
          (length) => length > count,
        );
      await sent(10);
      await leave();
      const before = statuses.length;
      await new Promise((done) => setTimeout(done, AWAY_MS));
      const whileAway = await readiness();
      await sent(before + 50);
      await back();
      await until(readiness, (answer) => answer === '200 ready\n');
      await sent(statuses.length + 10);
      await sender.stop();
      expect(whileAway).toMatch(/^200 ready: what is received is kept in the spool, where \d+ records wait/);
      expect(new Set(statuses)).toEqual(new Set([200]));
      expect(sender.longestMs()).toBeLessThan(LONGEST_ANSWER_MS);
      await findOnTopic([...statuses.keys()]);
    },
  );

  it('keeps what it cannot hand on before it is stopped, and the next start does, once the broker is back', async () => {
    await deliver(() => assay.url, agentRun({ number: 0 }), AbortSignal.timeout(60_000));
    await broker.stop('KILL');
    const numbers = Array.from({ length: 20 }, (_, at) => at);
    for (const number of numbers.slice(1)) expect(await send(number)).toBe(200);
    await assay.stop();
    expect(await assay.ended).toEqual({ code: 0, signal: null });
    expect(assay.output()).toMatch(/"records":19,.*stay in the spool/);
    assay = await startReceiver();
    expect(await readiness()).toMatch(/^200 ready: .*where 19 records wait/);
    expect(await send(20)).toBe(200);
    await broker.start();
    await until(readiness, (answer) => answer === '200 ready\n');
    await findOnTopic([...numbers, 20]);
  });
});

describe('a receiver on its own, at a start', () => {
  const { plain, sasl, tls } = inject('broker');

  it.each([
    { what: 'topics are missing', broker: plain, more: [], sentence: /run assay topics create/ },
    {
      what: 'the login is refused',
      broker: sasl,
      more: ['sasl={username: assay, password: wrong}'],
      sentence: /check bus\.kafka\.sasl/,
    },
    {
      what: 'the certificate is not trusted',
      broker: tls,
      more: ['tls.enabled=true'],
      sentence: /over TLS.*certificate/,
    },
  ])('ends with 3 and one sentence where $what', async ({ broker, more, sentence }) => {
    const data = temporaryDirectory();
    const settings = [`brokers=[${broker}]`, 'topicPrefix=nobody.made.', ...more];
    const ports = ['--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0'];
    const sets = settings.flatMap((value) => ['--set', `bus.kafka.${value}`]);
    const { code, stderr } = await runAssay(['run', '--role', 'receive', '--data', data, ...ports, ...sets]);
    rmSync(data, { recursive: true, force: true });
    expect(code).toBe(3);
    expect(stderr.trimEnd()).toMatch(sentence);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
