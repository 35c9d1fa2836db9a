import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunShape } from '../../../bench/agent-run.js';
import type { DistributedLog, KafkaConfig } from '../../../bus/index.js';
import type { Topic } from '../../../core/log.js';
import { runAssay } from '../../helpers/assay-process.js';
import { judgeArgs } from '../../helpers/judge-server.js';
import { startSink, type Sink } from '../../helpers/otlp-sink.js';
import { kafkaSettings, openLog, removeTopics } from '../../services/kafka/world.js';
import { startCountingJudge, type CountingJudge } from '../../soak/counting-judge.js';
import type { DrillDeps } from './drill.js';
import { Fleet } from './fleet.js';
import { Load } from './load.js';
import { StoreProcess } from './store-server.js';

/** What one drill runs in: topics, a store and processes that no other drill has. */
export interface World {
  readonly deps: DrillDeps;
  readonly fleet: Fleet;
  readonly load: Load;
  readonly store: StoreProcess;
  readonly judge: CountingJudge;
  readonly sink: Sink;
  readonly config: KafkaConfig;
  /** A client of the same topics; made by the drill itself, and no part of what is tested. */
  readonly log: DistributedLog;
  /** `--set …` of every process. */
  readonly args: readonly string[];
  readonly directory: string;
  /** Ends everything, and removes what it left. */
  close(): Promise<void>;
}

export interface WorldOptions {
  /** Settings beside those that all drills have. */
  readonly settings?: readonly string[];
  /** Of the store when it first starts. */
  readonly storeArgs?: readonly string[];
  readonly shape?: (run: number) => Partial<RunShape>;
  readonly receiverData?: (index: number) => string;
}

/** Long enough that a kill finds calls in flight. */
const MODEL_MS = 30;
const SETTINGS = [
  'bus.kafka.sessionTimeoutMs=6000',
  'bus.kafka.replicationFactor=1',
  'bus.kafka.minInsyncReplicas=1',
  'sampler.salt=a-salt-of-the-drills',
  'sampler.quietMs=1500',
  'sampler.orphanQuietMs=4000',
  'judges.dailyBudgetUsd=1000',
  'judges.weeklyBudgetUsd=1000',
  'publish.lingerMs=50',
];

/** After an outage a judge comes back within this; it is half a minute by default. */
const SHORT_SETTINGS = ['judges.maxBackoffMs=2000'];

/** Makes topics with `assay topics create`, starts the store, the processes of all roles, and what they talk to. */
export async function openWorld(deps: DrillDeps, options: WorldOptions = {}): Promise<World> {
  const { broker, counts, form, seed } = deps;
  const config = kafkaSettings(broker.address.plain, { topicPrefix: `drill-${randomUUID().slice(0, 8)}.` });
  const directory = mkdtempSync(join(tmpdir(), 'assay-drill-'));
  const judge = await startCountingJudge(MODEL_MS);
  const sink = await startSink();
  const store = await StoreProcess.make(join(directory, 'clickhouse'));
  const settings = [
    ...SETTINGS,
    ...(form === 'short' ? SHORT_SETTINGS : []),
    `bus.kafka.brokers=[${broker.address.plain}]`,
    `bus.kafka.topicPrefix=${config.topicPrefix}`,
    `store.clickhouse.url=${store.url}`,
    `publish.endpoint=${sink.url}`,
    ...(options.settings ?? []),
  ];
  const args = [...judgeArgs(judge.server), ...settings.flatMap((value) => ['--set', value])];
  const { receiverData } = options;
  const fleet = new Fleet({ directory, args, ...(receiverData === undefined ? {} : { receiverData }) });
  let log: DistributedLog | undefined;
  let load: Load | undefined;
  const close = async (): Promise<void> => {
    load?.close();
    await fleet.close();
    await store.stop('SIGKILL');
    await log?.stop(AbortSignal.timeout(5_000));
    await sink.close();
    await judge.server.close();
    await removeTopics(config, broker.address.plain).catch(() => undefined);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const [made] = await Promise.all([
      runAssay(['topics', 'create', ...settings.filter(isOfKafka).flatMap((value) => ['--set', value])]),
      store.start(...(options.storeArgs ?? [])),
    ]);
    if (made.code !== 0) throw new Error(`expected the topics to be made:\n${made.stdout}${made.stderr}`);
    log = await openLog(config);
    await fleet.start(counts);
    load = new Load({ targets: fleet.of('receive'), seed, ...(options.shape ? { shape: options.shape } : {}) });
    return { deps, fleet, load, store, judge, sink, config, log, args, directory, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function isOfKafka(setting: string): boolean {
  return setting.startsWith('bus.kafka.');
}

/** Who reads what: a group is done when all of this is committed. */
export const READS: readonly (readonly [group: string, topics: readonly Topic[]])[] = [
  ['sample', ['spans', 'logs']],
  ['judge', ['judgements']],
  ['publish', ['verdicts']],
  ['write', ['spans', 'logs', 'decisions', 'verdicts', 'spend', 'policies']],
];

/** Records that are not committed yet, by `<group> <topic>`; those without any are left out. */
export async function lags({ log }: Pick<World, 'log'>): Promise<Readonly<Record<string, number>>> {
  const found: Record<string, number> = {};
  for (const [group, topics] of READS) {
    for (const topic of topics) {
      const lag = await log.lag(topic, group);
      if (lag > 0) found[`${group} ${topic}`] = lag;
    }
  }
  return found;
}
