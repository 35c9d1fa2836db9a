import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Command } from 'commander';
import type { Cost } from './intake/measure.js';
import { costTable, ratioTable, type Measured } from './intake/table.js';
import { writeSection } from './results.js';

const options = new Command('bench:writer')
  .description('What it costs to move spans from the bus into the store: rows per CPU-second, engine included.')
  .option('--rounds <n>', 'interleaved rounds', Number, 3)
  .option('--batches <n>', 'requests of 512 spans in a run', Number, 120)
  .option('--no-write', 'do not write bench/RESULTS.md')
  .parse()
  .opts<{ readonly rounds: number; readonly batches: number; readonly write: boolean }>();

const run = join(import.meta.dirname, 'writer', 'run.js');
const subjects = [
  ['json', 5_120],
  ['native', 5_120],
  ['json', 20_480],
  ['native', 20_480],
  ['unsynced', 20_480],
] as const;
const NAMES = { json: 'objects, JSON lines', native: 'Native', unsynced: 'Native, without fsync' };

const measured = subjects.map(([form, rows]): Measured & { readonly costs: Cost[] } => ({
  name: `${NAMES[form]}, ${rows.toLocaleString('en-US')} rows an insert`,
  costs: [],
}));
for (let round = 0; round < options.rounds; round++) {
  for (const [index, [form, rows]] of subjects.entries()) {
    const { stdout } = await promisify(execFile)(process.execPath, [run, form, String(rows), String(options.batches)]);
    const cost = JSON.parse(stdout) as Cost;
    process.stderr.write(
      `${measured[index]!.name}: ${Math.round(cost.perCpuSecond)} per CPU-s, ${Math.round(cost.perSecond)} per s\n`,
    );
    measured[index]!.costs.push(cost);
  }
}
const [jsonSmall, nativeSmall, json, native, unsynced] = measured as unknown as readonly [
  Measured,
  Measured,
  Measured,
  Measured,
  Measured,
];
const ratios = (['perCpuSecond', 'perSecond'] as const).flatMap((of) => [
  { name: 'Native to JSON, 5,120 rows', ours: nativeSmall, theirs: jsonSmall, of },
  { name: 'Native to JSON, 20,480 rows', ours: native, theirs: json, of },
  { name: 'Native to JSON, 20,480 to 5,120 rows', ours: native, theirs: jsonSmall, of },
  { name: 'with fsync to without', ours: native, theirs: unsynced, of },
]);
const report = [
  'From the embedded bus into `otel_traces` with all its indices, distinct payload of 1.7 KB a span, engine and merges that ran',
  `meanwhile included; medians of ${options.rounds} interleaved rounds, each run in a process of its own that was warmed up. JSON is`,
  'spans decoded to objects and inserted as JSONEachRow, one insert after the other.',
  '',
  costTable(measured),
  '',
  ratioTable(ratios),
].join('\n');
process.stdout.write(`${report}\n`);
if (options.write) writeSection('Writer', 'npm run bench:writer', report);
