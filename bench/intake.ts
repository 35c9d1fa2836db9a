import { Command } from 'commander';
import type { Until } from './intake/measure.js';
import { MEMORY_HEAD, memoryLine } from './intake/memory-line.js';
import { FORMS, type Form } from './intake/payload.js';
import { DURABLE_WARM_UPS, runRounds, WARM_UP_BATCHES, type Subject } from './intake/rounds.js';
import { collectorPath, startCollector, startOurs, startReference, type Server } from './intake/servers.js';
import { costTable, markdown, ratioTable, type Measured, type Ratio } from './intake/table.js';
import { writeSection } from './results.js';

interface IntakeOptions {
  readonly rounds: number;
  readonly batches: number;
  readonly only?: string;
  readonly write: boolean;
}

const NO_COLLECTOR =
  'The OpenTelemetry Collector was skipped: expected it where bench/peers/otelcol/build.sh puts it, found none; that script builds it with Go 1.26.';

const options = new Command('bench')
  .description(
    'What intake costs, beside a plain reference and, where it was built, an OpenTelemetry Collector: spans per CPU-second.',
  )
  .option('--rounds <n>', 'interleaved rounds', Number, 3)
  .option('--batches <n>', 'requests of 512 spans in a run', Number, 240)
  .option('--only <words>', 'subjects whose name holds these words')
  .option('--no-write', 'do not write bench/RESULTS.md')
  .addHelpText('after', '\nExamples:\n  npm run bench\n  npm run bench -- --rounds 1 --only queryable --no-write')
  .parse()
  .opts<IntakeOptions>();

const path = collectorPath();
const subjects = allSubjects().filter(({ name }) => options.only === undefined || name.includes(options.only));
const measured = await runRounds(subjects, options);
const memory = options.only === undefined || options.only.includes('memory') ? await storedMemory() : undefined;
const report = [
  intro(),
  costTable(measured),
  ratioTable(ratios(measured)),
  ...(memory === undefined ? [] : [markdown(MEMORY_HEAD, [memory])]),
  ...(path === undefined ? [NO_COLLECTOR] : []),
].join('\n\n');
process.stdout.write(`${report}\n`);
if (options.write)
  writeSection('Intake', `npm run bench -- --rounds ${options.rounds} --batches ${options.batches}`, report);

function allSubjects(): readonly Subject[] {
  const durable = FORMS.map((form) => subject(`durable, ${form}: Assay`, form, () => startOurs('receive')));
  const peers =
    path === undefined
      ? []
      : FORMS.map((form) => subject(`durable, ${form}: Collector`, form, () => startCollector(path)));
  const stored = (name: string, until: Until, start: () => Promise<Server>): Subject => ({
    ...{ name, form: 'protobuf', until, start },
  });
  return [
    ...durable,
    ...peers,
    stored('queryable: Assay', 'queryable', () => startOurs('receive,write')),
    stored('queryable and decided: Assay with sampler', 'decided', () =>
      startOurs('receive,write,sample', ['sampler.quietMs=500']),
    ),
    stored('queryable: reference, 5,120 rows', 'queryable', () => startReference(5_120)),
    stored('queryable: reference, 20,480 rows', 'queryable', () => startReference(20_480)),
  ];
}

/** Two and a half times what the reference comes to on one core. The goal is 1.2 GB, the engine with it. */
function storedMemory(): Promise<readonly string[]> {
  const start = (): Promise<Server> => startOurs('receive,write');
  return memoryLine({
    what: 'queryable: Assay',
    start,
    spansPerSecond: 25_000,
    seconds: 30,
    of: 'RSS',
    goalMib: 1_144,
  });
}

function subject(name: string, form: Form, start: () => Promise<Server>): Subject {
  return { name, form, until: 'acknowledged', start };
}

function ratios(runs: readonly Measured[]): readonly Ratio[] {
  const find = (name: string): Measured | undefined => runs.find((each) => each.name === name);
  const pair = (
    name: string,
    names: readonly [string, string],
    goals: Partial<Record<Ratio['of'], number>>,
  ): Ratio[] => {
    const [ours, theirs] = [find(names[0]), find(names[1])];
    if (ours === undefined || theirs === undefined) return [];
    return (['perCpuSecond', 'perSecond'] as const).flatMap((of) => {
      const goal = goals[of];
      return [{ name, ours, theirs, of, ...(goal === undefined ? {} : { goal }) }];
    });
  };
  const against = (rows: string, goals: Partial<Record<Ratio['of'], number>>): Ratio[] =>
    pair(
      `queryable, Assay to reference at ${rows} rows`,
      ['queryable: Assay', `queryable: reference, ${rows} rows`],
      goals,
    );
  return [
    ...FORMS.flatMap((form) =>
      pair(`durable, ${form}, Assay to Collector`, [`durable, ${form}: Assay`, `durable, ${form}: Collector`], {
        ...(form === 'protobuf' ? { perCpuSecond: 3 } : {}),
      }),
    ),
    ...against('5,120', { perCpuSecond: 2.5, perSecond: 2 }),
    ...against('20,480', { perCpuSecond: 2, perSecond: 2 }),
  ];
}

function intro(): string {
  return [
    'Durable: acknowledged, synced to disk. Queryable: a query finds it. Requests of 512 spans, 64 agent runs of 8 spans,',
    `1.6 KB a span in protobuf, ${options.batches} distinct ones a run over 8 connections, ${WARM_UP_BATCHES} before the clock starts (${DURABLE_WARM_UPS} times where they`,
    'are only put). Then 1.5 GiB of page cache are written and freed in pieces that no hypervisor takes back, lest the first to use memory pays for that. CPU is user and',
    'system time of all threads of the serving process, the engine with it; the sender is not in it. Medians of the rounds;',
    'memory is the most of any round. Assay writes one record a trace, the Collector one a request. The reference is bench/intake/reference-server.ts.',
  ].join('\n');
}
