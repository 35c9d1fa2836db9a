import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { packageRoot } from '../core/package-root.js';
import type { DemoReport } from './demo-report.js';
import { checkSeeds, renderSeeds } from './seed-checks.js';
import { COMMITTED_SEED, OTHER_SEEDS } from './seed-numbers.js';

interface SeedFlags {
  readonly from: number;
  readonly to: number;
  readonly again?: boolean;
}

const EVIDENCE = join(packageRoot(), 'docs', 'evidence');
const RESULTS = join(EVIDENCE, 'demo-seeds.jsonl');
const TABLE = join(EVIDENCE, 'demo-seeds.md');

/** Runs the full demo once per seed and checks what it promises. Finished seeds are kept, so a run can be continued. */
async function runSeeds(flags: SeedFlags): Promise<void> {
  const reports = new Map(readResults().map((report) => [report.seed, report]));
  const wanted = [COMMITTED_SEED, ...OTHER_SEEDS].filter((seed) => seed >= flags.from && seed <= flags.to);
  for (const seed of wanted) {
    if (reports.has(seed) && !flags.again) continue;
    process.stdout.write(`seed ${seed} …`);
    const report = await runOne(seed);
    reports.set(seed, report);
    keep([...reports.values()]);
    process.stdout.write(` ${(report.durationMs / 1_000).toFixed(0)} s\n`);
  }
  const checks = checkSeeds([...reports.values()], COMMITTED_SEED);
  process.stdout.write(`\n${readFileSync(TABLE, 'utf8')}\n`);
  process.exitCode = checks.every(({ held }) => held) ? 0 : 1;
}

function readResults(): readonly DemoReport[] {
  if (!existsSync(RESULTS)) return [];
  const lines = readFileSync(RESULTS, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as DemoReport);
}

function keep(reports: readonly DemoReport[]): void {
  const sorted = [...reports].sort((a, b) => a.seed - b.seed);
  mkdirSync(dirname(RESULTS), { recursive: true });
  writeFileSync(RESULTS, sorted.map((report) => `${JSON.stringify(report)}\n`).join(''));
  writeFileSync(TABLE, renderSeeds(sorted, COMMITTED_SEED));
}

/** One demo in a process of its own, its data in a folder that is removed afterwards. */
async function runOne(seed: number): Promise<DemoReport> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-seed-'));
  try {
    const main = fileURLToPath(new URL('./main.js', import.meta.url));
    const args = [...process.execArgv, main, '--json', '--seed', String(seed), '--data', join(folder, 'data')];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`expected the demo of seed ${seed} to end with 0, got ${String(code)}`);
    const report = JSON.parse(text) as DemoReport;
    return { ...report, dataDirectory: '', commands: [] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const last = OTHER_SEEDS.at(-1) ?? COMMITTED_SEED;

await new Command('npm run demo:seeds --')
  .description('Runs the demo with the committed seed and with 20 others, and checks what it promises.')
  .option('--from <seed>', 'first seed', Number, Math.min(COMMITTED_SEED, ...OTHER_SEEDS))
  .option('--to <seed>', 'last seed', Number, last)
  .option('--again', 'also run seeds that have a result already')
  .action(runSeeds)
  .parseAsync();
