import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Command } from 'commander';
import { packageRoot } from '../core/package-root.js';
import { startBroker, type Broker } from './intake/broker.js';
import type { Until } from './intake/measure.js';
import { MEMORY_HEAD, memoryLine } from './intake/memory-line.js';
import { runRounds, type Subject } from './intake/rounds.js';
import { startOurs, type Server } from './intake/servers.js';
import { markdown, median, ratioTable, thousands, type Measured } from './intake/table.js';
import { writeSection } from './results.js';

interface KafkaOptions {
  readonly rounds: number;
  readonly batches: number;
  readonly seconds: number;
  readonly write: boolean;
}

const options = new Command('bench:kafka')
  .description(
    'What a span costs on Kafka, beside the embedded bus in the same run. Needs Java 17 and Maven, as npm run test:kafka.',
  )
  .option('--rounds <n>', 'interleaved rounds', Number, 3)
  .option('--batches <n>', 'requests of 512 spans in a run', Number, 120)
  .option('--seconds <n>', 'length of each paced load', Number, 20)
  .option('--no-write', 'do not write bench/RESULTS.md')
  .addHelpText('after', '\nExample:\n  npm run bench:kafka -- --rounds 1 --no-write')
  .parse()
  .opts<KafkaOptions>();

const PATHS = ['embedded', 'Kafka'] as const;
type Path = (typeof PATHS)[number];
const LINES: readonly (readonly [name: string, roles: string, until: Until])[] = [
  ['durable', 'receive', 'acknowledged'],
  ['queryable', 'receive,write', 'queryable'],
  ['queryable and decided', 'receive,write,sample', 'decided'],
];

const broker = await startBroker().catch((error: unknown) => {
  process.stderr.write(`The Kafka path was not measured: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    void broker.dispose().finally(() => process.exit(130));
  });
let prefixes = 0;
try {
  const measured = await runRounds(
    LINES.flatMap(([name, roles, until]) => PATHS.map((path) => subject(`${name}: ${path}`, { path, roles, until }))),
    options,
  );
  const memory = [await receiverMemory(1_000, 90), await receiverMemory(5_000, 150)];
  const report = [intro(), costs(measured), ratios(measured), markdown(MEMORY_HEAD, memory)].join('\n\n');
  process.stdout.write(`${report}\n`);
  const flags = `--rounds ${options.rounds} --batches ${options.batches} --seconds ${options.seconds}`;
  if (options.write) writeSection('Kafka', `npm run bench:kafka -- ${flags}`, report);
} finally {
  await broker.dispose();
}

function subject(name: string, { path, roles, until }: { path: Path; roles: string; until: Until }): Subject {
  const own = roles.includes('sample') ? ['sampler.quietMs=500'] : [];
  return {
    name,
    form: 'protobuf',
    until,
    start: () => (path === 'Kafka' ? startOnKafka(roles, own) : startOurs(roles, own)),
  };
}

/** With topics of its own. */
async function startOnKafka(roles: string, own: readonly string[] = []): Promise<Server> {
  prefixes += 1;
  const settings = [...kafkaSettings(broker, `bench${prefixes}.`), ...own];
  const sets = settings.flatMap((set) => ['--set', set]);
  const main = join(packageRoot(), 'dist', 'app', 'main.js');
  await promisify(execFile)(process.execPath, [main, 'topics', 'create', ...sets]);
  return { ...(await startOurs(roles, settings)), helper: broker.pid };
}

function kafkaSettings({ address }: Broker, prefix: string): readonly string[] {
  const settings = [`brokers=[${address}]`, `topicPrefix=${prefix}`, 'replicationFactor=1', 'minInsyncReplicas=1'];
  return [...settings.map((set) => `bus.kafka.${set}`), 'sampler.salt=the-salt-of-the-benchmark'];
}

/** A receiver alone, which may take so much memory of its own. */
function receiverMemory(spansPerSecond: number, goalMib: number): Promise<readonly string[]> {
  const start = (): Promise<Server> => startOnKafka('receive');
  const { seconds } = options;
  return memoryLine({ what: 'a receiver alone on Kafka', start, spansPerSecond, seconds, of: 'RssAnon', goalMib });
}

function costs(runs: readonly Measured[]): string {
  const head = ['', 'spans per CPU-s of Assay', 'of Assay and broker', 'spans/s', 'RssAnon, MiB', 'RssFile, MiB'];
  const rows = runs.map(({ name, costs: all }) => [
    name,
    thousands(median(all.map(({ perCpuSecond }) => perCpuSecond))),
    thousands(median(all.map(({ spans, cpuSeconds, helperCpuSeconds }) => spans / (cpuSeconds + helperCpuSeconds)))),
    thousands(median(all.map(({ perSecond }) => perSecond))),
    thousands(Math.max(...all.map(({ rssAnonMib }) => rssAnonMib))),
    thousands(Math.max(...all.map(({ rssFileMib }) => rssFileMib))),
  ]);
  return markdown(head, rows);
}

function ratios(runs: readonly Measured[]): string {
  const find = (name: string): Measured => runs.find((each) => each.name === name)!;
  return ratioTable(
    LINES.flatMap(([name]) =>
      (['perCpuSecond', 'perSecond'] as const).map((of) => ({
        ...{ name: `${name}, Kafka to embedded`, of },
        ours: find(`${name}: Kafka`),
        theirs: find(`${name}: embedded`),
      })),
    ),
  );
}

function intro(): string {
  return [
    'The same requests, rounds and clock as under Intake, on the embedded bus and on one Kafka broker of this machine without copies,',
    '6 partitions a topic, lz4. Durable: acknowledged by the broker, which flushes when it likes; the embedded bus is synced to disk.',
    'Assay’s CPU is that of its one process, the broker’s is counted apart; the sender is in neither.',
  ].join('\n');
}
