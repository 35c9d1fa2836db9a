import { setMaxListeners } from 'node:events';
import { loadavg } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { startBroker } from '../../services/kafka/broker.js';
import { claimTable } from '../../soak/report.js';
import type { Drill, DrillDeps } from './drill.js';
import { DRILLS } from './drills/index.js';
import { circumstances, outcomeOf, writeEvidence, type Evidence } from './evidence.js';
import { FLEET_ROLES, type Counts } from './fleet.js';

interface DrillOptions {
  readonly short?: boolean;
  readonly only?: readonly string[];
  readonly rate: number;
  readonly processes: Counts;
  readonly seed: string;
  readonly write: boolean;
}

const PROCESSES: Counts = { receive: 2, sample: 2, judge: 1, write: 2, publish: 1 };

const options = new Command('test:drills')
  .description(
    'Faults on purpose, under load, on a real Kafka broker: what was acknowledged is stored, nothing is counted or billed twice. Writes docs/evidence/drills.md in its full form.',
  )
  .option('--short', 'seconds in place of minutes, and no evidence is written')
  .option('--only <names>', `of ${DRILLS.map(({ name }) => name).join(', ')}; with commas between`, names)
  .option('--rate <n>', 'spans a second', whole, 400)
  .option('--seed <text>', 'seed of when and whom', 'drills')
  .addOption(
    new Option('--processes <counts>', 'of each role, such as sample=3,write=1')
      .default(PROCESSES, countsText(PROCESSES))
      .argParser(countsIn),
  )
  .option('--no-write', 'do not write docs/evidence/drills.md')
  .addHelpText(
    'after',
    '\nExamples:\n  npm run test:drills -- --short                  all of them, in about eight minutes\n  npm run test:drills -- --only kill,broker-away\n  npm run test:drills                             all of them, in their full length',
  )
  .parse()
  .opts<DrillOptions>();

const said = ['npm run test:drills', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' ');
const interrupted = new AbortController();
setMaxListeners(0, interrupted.signal);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    say('stopping what was started…');
    interrupted.abort();
  });

const form = options.short === true || process.env['ASSAY_DRILLS'] === 'short' ? 'short' : 'full';
const chosen = DRILLS.filter(({ name }) => options.only?.includes(name) ?? true);
const circumstance = circumstances();
say('starting a Kafka broker');
const broker = await startBroker();
const told: string[] = [];
try {
  for (const drill of chosen) told.push(await runOne(drill));
} finally {
  await broker.dispose();
}
process.stdout.write(`\n${told.join('\n')}\n`);
process.exitCode = told.every((line) => line.startsWith('held')) ? 0 : 1;

async function runOne(drill: Drill): Promise<string> {
  if (interrupted.signal.aborted) return `not run  ${drill.name}`;
  const startedMs = performance.now();
  const counts = options.processes;
  const deps: DrillDeps = {
    ...{ broker, form, counts, spansPerSecond: options.rate, seed: options.seed, signal: interrupted.signal },
    say: (line) => {
      say(`${drill.name}: ${line}`);
    },
  };
  say(`${drill.name}: ${drill.title}`);
  try {
    const { did, claims, ...findings } = await drill.run(deps);
    const tookS = Math.round((performance.now() - startedMs) / 1_000);
    process.stdout.write(`\n## ${drill.title} (${tookS} s)\n\n${did}\n\n${claimTable(claims)}\n\n`);
    const evidence: Evidence = {
      ...{ drill: drill.name, title: drill.title, form, ...circumstance, command: said },
      ...{
        processes: counts,
        spansPerSecond: options.rate,
        tookS,
        did,
        ...findings,
        claims,
        loadAverage: loadavg()[2] ?? 0,
      },
    };
    if (form === 'full' && options.write) writeEvidence(evidence);
    const isHeld = claims.every(({ holds }) => holds);
    return `${isHeld ? 'held' : 'DID NOT HOLD'}  ${drill.name}: ${outcomeOf(evidence)}, ${tookS} s`;
  } catch (error) {
    process.stdout.write(
      `\n## ${drill.title}\n\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n\n`,
    );
    // The broker may be away in the middle of a drill.
    await broker.start();
    return `BROKEN  ${drill.name}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function say(line: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)}  ${line}\n`);
}

function names(text: string): readonly string[] {
  const list = text.split(',').map((name) => name.trim());
  const unknown = list.find((name) => !DRILLS.some((drill) => drill.name === name));
  if (unknown !== undefined)
    throw new InvalidArgumentError(`expected ${DRILLS.map(({ name }) => name).join(', ')}, got "${unknown}".`);
  return list;
}

function countsIn(text: string): Counts {
  const counts: Record<string, number> = { ...PROCESSES };
  for (const each of text.split(',')) {
    const [, role, count] = /^([a-z]+)=(\d{1,2})$/.exec(each.trim()) ?? [];
    if (role === undefined || !(role in PROCESSES) || Number(count) < 1)
      throw new InvalidArgumentError(`expected role=number, the role of ${FLEET_ROLES.join(', ')}, got "${each}".`);
    counts[role] = Number(count);
  }
  return counts as Counts;
}

function countsText(counts: Counts): string {
  return FLEET_ROLES.map((role) => `${role}=${counts[role]}`).join(',');
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError(`expected 1 or more, got ${text}.`);
  return value;
}
