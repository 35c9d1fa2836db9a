import { setMaxListeners } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { runDiskDrill } from './disk-drill.js';
import { runKillDrill } from './kill-drill.js';
import { killSchedule } from './kill-schedule.js';
import { runOverload } from './overload/overload-drill.js';
import { overloadSection } from './overload/overload-section.js';
import { claimTable, writeEvidence, type Section } from './report.js';
import { diskSection, killSection } from './sections.js';

interface SoakOptions {
  readonly kills: number;
  readonly fills: number;
  readonly minutes: number;
  readonly rate?: number;
  readonly seed: string;
  readonly write: boolean;
}

const options = new Command('test:soak')
  .description(
    'What must hold over kills, a disk that fills up, and overload among bad clients. Writes docs/evidence/soak.md.',
  )
  .option('--kills <n>', 'kills by SIGKILL; 0 for none', whole, 50)
  .option('--fills <n>', 'times that the disk fills up, which needs the right to mount; 0 for none', whole, 6)
  .option('--minutes <n>', 'length of the overload; 0 for none', Number, 10)
  .option('--rate <n>', 'sustained rate in spans a second, of which twice is offered (default: measured first)', Number)
  .option('--seed <text>', 'seed of the schedule and of the senders', 'soak')
  .option('--no-write', 'do not write docs/evidence/soak.md')
  .addHelpText(
    'after',
    '\nExamples:\n  npm run test:soak -- --kills 5 --fills 2 --minutes 1 --no-write   a try\n  npm run test:soak                                       all of it',
  )
  .parse()
  .opts<SoakOptions>();

const command = ['npm run test:soak', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' ');
const interrupted = new AbortController();
// Every sender listens to it.
setMaxListeners(0, interrupted.signal);
process.on('SIGINT', () => {
  say('stopping what was started…');
  interrupted.abort();
});
process.on('SIGTERM', () => {
  interrupted.abort();
});

const held: boolean[] = [];
try {
  if (options.kills > 0) held.push(tell(await kills()));
  if (options.fills > 0) {
    const disk = await runDiskDrill({ fills: options.fills, seed: options.seed, say, signal: interrupted.signal });
    if (disk === undefined) say('skipped a disk that fills up: this user may not mount a file system');
    else held.push(tell(diskSection(disk)));
  }
  if (options.minutes > 0) held.push(tell(await overload()));
  process.exitCode = held.every(Boolean) ? 0 : 1;
} catch (error) {
  if (!interrupted.signal.aborted) throw error;
  process.exitCode = 130;
}

async function kills(): Promise<Section> {
  const faults = killSchedule(options.kills, options.seed);
  const { seed } = options;
  const { signal } = interrupted;
  return inDirectory(async (data) => killSection(await runKillDrill({ data, faults, seed, say, signal }), faults));
}

async function overload(): Promise<Section> {
  const { minutes, rate, seed } = options;
  const { signal } = interrupted;
  const rates = rate === undefined ? {} : { rate };
  return inDirectory(async (data) =>
    overloadSection(await runOverload({ data, minutes, ...rates, seed, say, signal })),
  );
}

async function inDirectory<Result>(work: (directory: string) => Promise<Result>): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), 'assay-soak-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function tell(section: Section): boolean {
  process.stdout.write(`\n## ${section.title}\n\n${section.text}\n\n${claimTable(section.claims)}\n\n`);
  if (options.write) writeEvidence(section, command);
  return section.claims.every(({ holds }) => holds);
}

function say(line: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)}  ${line}\n`);
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError(`expected a whole number, got ${text}.`);
  return value;
}
