import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { SPANS_PER_RUN } from '../../../bench/agent-run.js';
import { spawnCommand, startAssayProcess, temporaryDirectory, type AssayProcess } from '../../helpers/assay-process.js';
import { judgeArgs, startJudgeServer, type JudgeServer } from '../../helpers/judge-server.js';
import { ledgerOf, sendRuns } from '../../helpers/ledger.js';
import { until } from '../../helpers/until.js';
import { evalIdsOf, startSink, type Sink } from '../../helpers/otlp-sink.js';
import { kafkaSettings, makeTopics, removeTopics } from './world.js';

const RUNS = 60;
const EVERY_ROLE = ['receive', 'sample', 'judge', 'publish', 'write'];
const NUMBERS = Array.from({ length: RUNS }, (_, number) => number);

describe('every role in several processes, on one Kafka and one ClickHouse', { timeout: 300_000 }, () => {
  const { plain } = inject('broker');
  const config = kafkaSettings(plain);
  const directories: string[] = [];
  const running: AssayProcess[] = [];
  let judge: JudgeServer;
  let sink: Sink;
  let common: readonly string[];
  let distributed: readonly string[];
  let store: string;

  function directory(): string {
    directories.push(temporaryDirectory());
    return directories.at(-1)!;
  }

  async function start(args: readonly string[], ...roles: readonly string[]) {
    const data = directory();
    const command = roles.length === 0 ? 'up' : 'run';
    const named = roles.length === 0 ? [] : ['--role', roles.join(',')];
    const assay = await startAssayProcess({ data, command, args: [...named, ...args] });
    running.push(assay);
    return { ...assay, data };
  }

  beforeAll(async () => {
    [judge, sink] = [await startJudgeServer(), await startSink()];
    // What one process keeps to use again, another judges.
    const settings = [
      'judges.cache.enabled=false',
      ...['quietMs=1500', 'orphanQuietMs=1500', 'pi.unsuspected=0.6', 'salt=a-salt-of-the-tests'].map(
        (value) => `sampler.${value}`,
      ),
    ];
    common = [...judgeArgs(judge), ...settings.flatMap((value) => ['--set', value])];
    await makeTopics(config, plain, 4);
    const server = spawnCommand(['store', 'serve', '--http', '127.0.0.1:0', '--data', directory()]);
    running.push(server);
    store = await Promise.race([server.listening, server.ended.then(() => Promise.reject(new Error(server.output())))]);
    const kafka = [`brokers=[${plain}]`, `topicPrefix=${config.topicPrefix}`, 'sessionTimeoutMs=6000'];
    const values = [
      ...kafka.map((value) => `bus.kafka.${value}`),
      ...[`store.clickhouse.url=${store}`, `publish.endpoint=${sink.url}`],
    ];
    distributed = [...common, ...values.flatMap((value) => ['--set', value])];
  }, 120_000);

  afterAll(async () => {
    // The server last, since whoever writes does so until the end.
    for (const one of running.reverse()) await one.stop();
    await Promise.all([judge.close(), sink.close()]);
    await removeTopics(config, plain);
    for (const one of directories) rmSync(one, { recursive: true, force: true });
  });

  async function valuesOf(query: string): Promise<readonly string[]> {
    const answer = await fetch(store, { method: 'POST', body: query });
    return (await answer.text()).split('\n').filter((line) => line !== '');
  }

  async function rowsOf(table: string): Promise<number> {
    return Number((await valuesOf(`SELECT count() FROM ${table}`))[0]);
  }

  it('give the same ledger and verdicts, row for row, as one embedded process', async () => {
    const embedded = await start(common);
    await sendRuns(() => embedded.url, NUMBERS);
    const expected = await ledgerOf(embedded.data, RUNS);
    const askedBefore = judge.requests();
    const first = await start(distributed, ...EVERY_ROLE);
    const second = await start(distributed, ...EVERY_ROLE);
    await sendRuns((number) => (number % 2 === 0 ? first.url : second.url), NUMBERS.slice(0, RUNS / 2));
    // Partitions move in the middle of it.
    const third = await start(distributed, ...EVERY_ROLE);
    await sendRuns((number) => (number % 2 === 0 ? first.url : third.url), NUMBERS.slice(RUNS / 2));
    expect(await ledgerOf(first.data, RUNS)).toEqual(expected);
    expect(await rowsOf('assay_spans')).toBe(RUNS * SPANS_PER_RUN);
    expect(await rowsOf('assay_decisions FINAL')).toBe(RUNS);

    // Open traces, half written blocks and all.
    const later = NUMBERS.map((number) => RUNS + number);
    await sendRuns((number) => (number % 2 === 0 ? second.url : third.url), later.slice(0, RUNS / 2));
    third.child.kill('SIGKILL');
    await sendRuns((number) => (number % 2 === 0 ? first.url : second.url), later.slice(RUNS / 2));
    await second.stop();
    const { coverage, traces } = await ledgerOf(first.data, 2 * RUNS);
    expect(coverage).toMatchObject({ received: 2 * RUNS, open: 0, pending: 0 });
    expect(traces).toHaveLength(2 * RUNS);
    expect(await rowsOf('assay_spans')).toBe(2 * RUNS * SPANS_PER_RUN);
    expect(await rowsOf('assay_decisions FINAL')).toBe(2 * RUNS);

    // Every verdict went out, and every call that was made is accounted for: paid, or lost with the process that made it.
    const evalIds = await valuesOf('SELECT DISTINCT eval_id FROM assay_verdicts');
    await until(
      () => Promise.resolve(new Set(evalIdsOf(sink.requests))),
      (sent) => evalIds.every((evalId) => sent.has(evalId)),
      60_000,
    );
    const paid = await rowsOf("assay_spend FINAL WHERE status = 'settled'");
    const lost = await rowsOf("assay_spend FINAL WHERE status = 'lost'");
    expect(paid).toBeGreaterThan(RUNS);
    const asked = judge.requests() - askedBefore;
    expect(paid + lost).toBeGreaterThanOrEqual(asked);
    expect(paid).toBeLessThanOrEqual(asked);
  });
});
