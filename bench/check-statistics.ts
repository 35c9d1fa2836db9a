import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { packageRoot } from '../core/package-root.js';
import { gridOf } from './check-statistics/grid.js';

const COMMAND = 'npm run check:statistics';
/** Largest difference that two ways to round may make. */
const TOLERANCE = 1e-8;
const MODULES = ['numpy', 'scipy', 'statsmodels', 'ppi-python'];

type Answer = { readonly cases: number; readonly worst: number } | { readonly skipped: string };

const { install } = new Command('check:statistics')
  .description(
    'Does gates/ compute what scipy, statsmodels and ppi_py compute, over a grid? Skips by name what Python does not have.',
  )
  .option('--install', `put ${MODULES.join(', ')} into a virtual environment of its own first, with pip`)
  .addHelpText(
    'after',
    `\nPYTHON names the interpreter (default: python3).\nExit codes: 0 all agree or were skipped, 1 one does not, 2 usage.\n\nExamples:\n  ${COMMAND}\n  ${COMMAND} -- --install`,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse()
  .opts<{ readonly install?: true }>();

const grid = gridOf(1);
const python = install === true ? installed() : (process.env['PYTHON'] ?? 'python3');
const answers = python === undefined ? undefined : ask(python);
for (const name of Object.keys(grid)) {
  const answer = answers?.[name] ?? { skipped: 'there is no Python here that runs' };
  process.stdout.write(`${lineOf(name, answer)}\n`);
  if ('worst' in answer && !(answer.worst <= TOLERANCE)) process.exitCode = 1;
}
if (Object.values(answers ?? { none: { skipped: '' } }).some((answer) => 'skipped' in answer))
  process.stdout.write(`\n${COMMAND} -- --install gets what is missing.\n`);

function lineOf(name: string, answer: Answer): string {
  if ('skipped' in answer) return `skipped  ${name}: ${answer.skipped}`;
  const verdict = answer.worst <= TOLERANCE ? 'agrees ' : 'DIFFERS';
  return `${verdict}  ${name}: ${answer.cases} cases, at most ${answer.worst.toExponential(1)} apart`;
}

/** @returns undefined when it does not run */
function ask(interpreter: string): Readonly<Record<string, Answer>> | undefined {
  const script = join(packageRoot(), 'bench', 'check-statistics', 'reference.py');
  const { status, stdout, stderr } = spawnSync(interpreter, [script], {
    input: JSON.stringify(grid),
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (status === 0) return JSON.parse(stdout) as Readonly<Record<string, Answer>>;
  if (stderr) process.stderr.write(stderr);
  return undefined;
}

/** @returns the interpreter of the virtual environment; undefined when it cannot be made */
function installed(): string | undefined {
  const folder = join(tmpdir(), 'assay-check-statistics');
  const own = join(folder, 'bin', 'python');
  if (!existsSync(own)) run(process.env['PYTHON'] ?? 'python3', ['-m', 'venv', folder]);
  if (!existsSync(own)) return undefined;
  run(own, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...MODULES]);
  return own;
}

function run(command: string, args: readonly string[]): void {
  spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
