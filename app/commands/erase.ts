import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { PipelineError } from '../../core/errors.js';
import type { ErasedTraces, EraseRequest } from '../api.js';
import { openQueries } from '../open-queries.js';
import { paintFor } from '../render/format.js';
import { remainsOf, renderErased } from './erased-text.js';
import { EXIT } from './exit-codes.js';
import { configOf, traceIdPrefix, withConfigOptions, type CommonOptions, type Terminal } from './shared.js';

interface EraseOptions extends CommonOptions {
  readonly trace?: string;
  readonly session?: string;
  readonly user?: string;
  readonly tenant?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** `assay erase`: content goes, the ledger stays. */
export function addErase(program: Command, terminal: Terminal): void {
  withConfigOptions(
    program
      .command('erase')
      .description('Erase the content of a trace, a session or a user from store, bus and caches. No rate changes.'),
  )
    .option('--trace <id>', '32 hex digits, or the first 8 or more', traceIdPrefix)
    .option('--session <id>', 'every trace of this session, as the emitter names it')
    .option('--user <id>', 'every trace of this user, as the emitter names it')
    .option('--tenant <name>', 'only of this tenant')
    .option('--dry-run', 'only count what would be erased')
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  assay erase --user u-4711 --dry-run\n  assay erase --trace 3efa4c1ce12cbd356a852d6a6702f7d9\n  assay erase --session s-12 --yes --json',
    )
    .action(async (options: EraseOptions, command: Command) => {
      await erase(toSubject(options, command), options, terminal);
    });
}

type Subject = Omit<EraseRequest, 'dryRun'>;

function toSubject(options: EraseOptions, command: Command): Subject {
  const given = (['trace', 'session', 'user'] as const).filter((by) => options[by] !== undefined);
  const [by] = given;
  if (by === undefined || given.length > 1) {
    const came = given.length === 0 ? 'none' : given.map((name) => `--${name}`).join(' and ');
    command.error(`error: expected one of --trace, --session and --user, got ${came}`);
  }
  const value = options[by] ?? '';
  if (value === '') command.error(`error: expected an id after --${by}, got an empty one`);
  return { by, value, ...(options.tenant === undefined ? {} : { tenant: options.tenant }) };
}

async function erase(subject: Subject, options: EraseOptions, terminal: Terminal): Promise<void> {
  const asks = options.yes !== true && options.dryRun !== true;
  if (asks && !(terminal.stdin.isTTY && terminal.stderr.isTTY)) {
    throw new PipelineError(
      'CONFIG_INVALID',
      'expected a terminal to ask on, since what is erased cannot be brought back; there is none, so give --yes, or --dry-run to see what would be erased',
    );
  }
  const open = openQueries(configOf(options, terminal), { env: terminal.env });
  try {
    if (asks && !(await isConfirmed(await open.queries.erase({ ...subject, dryRun: true }), terminal))) {
      terminal.stderr.write('Nothing was erased.\n');
      process.exitCode = EXIT.notHeld;
      return;
    }
    print(await open.queries.erase({ ...subject, dryRun: options.dryRun === true }), options, terminal);
  } finally {
    await open.close();
  }
}

function print(erased: ErasedTraces, options: EraseOptions, terminal: Terminal): void {
  const text =
    options.json === true
      ? JSON.stringify({ ...erased, remains: remainsOf(erased) }, undefined, 2)
      : renderErased(erased, paintFor(terminal.stdout, terminal.env));
  terminal.stdout.write(`${text}\n`);
}

async function isConfirmed(counted: ErasedTraces, terminal: Terminal): Promise<boolean> {
  terminal.stderr.write(`${renderErased(counted, paintFor(terminal.stderr, terminal.env))}\n`);
  return /^y(es)?$/i.test((await answerTo('This cannot be undone. Erase it? [y/N] ', terminal)).trim());
}

/** Empty when there is none: Ctrl+C, Ctrl+D, or a terminal that is gone. */
async function answerTo(question: string, { stdin, stderr }: Terminal): Promise<string> {
  const asking = createInterface({ input: stdin, output: stderr });
  // A question whose input ends is never answered by itself.
  const unanswered = new AbortController();
  asking.once('close', () => {
    unanswered.abort();
  });
  try {
    return await asking.question(question, { signal: unanswered.signal });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
    stderr.write('\n');
    return '';
  } finally {
    asking.close();
  }
}
