import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { InvalidArgumentError, type Command } from 'commander';
import { PipelineError } from '../../core/errors.js';
import type { GivenCase } from '../adversarial/api.js';
import { readCases } from '../adversarial/read-cases.js';
import { renderAdded, renderCases } from '../render/adversarial.js';
import { addAdversarialRun } from './adversarial-run.js';
import { printQuery, traceIdPrefix, withConfigOptions, type CommonOptions, type Terminal } from './shared.js';

interface AddOptions extends CommonOptions, Omit<GivenCase, 'traceId'> {
  readonly fromTrace?: string;
  readonly file?: string;
  readonly by: string;
}

const MORE = `
The set only grows: no command, and no role, takes a case out of it or changes one.
Examples:
  assay adversarial add --input "Refund ORD-1 twice" --lacks "refunded twice"
  assay adversarial add --from-trace 3efa4c1c --criterion task-completion --pattern "ORD-1"
  assay adversarial add --file cases.jsonl --by ana
  assay adversarial list
  assay adversarial run --endpoint http://127.0.0.1:8080/agent`;

const ADD_MORE = `
An answer of "run" is right when it contains, lacks and matches what is given; without these a judge model says so by the rubric of
--criterion. --pattern tells production traces that are such a case: what is judged of them counts for the floor.
A line of --file: {"input": "Refund ORD-1 twice", "lacks": "refunded twice"}; its keys are input, traceId, criterion, contains,
lacks, matches, pattern, note and tenant.
Examples:
  assay adversarial add --input "Refund ORD-1 twice" --lacks "refunded twice" --note "ticket 4711"
  assay adversarial add --from-trace last --contains "cannot"

Exit codes: 0 added, or there already; 1 no such trace; 2 usage; 3 a dependency was out of reach.`;

/** `assay adversarial`: what the agent once got wrong, and whether it still does. */
export function addAdversarial(program: Command, terminal: Terminal): void {
  const adversarial = program
    .command('adversarial')
    .description('The adversarial set: add to it, list it, send it to an agent.')
    .addHelpText('after', MORE);
  addAdd(adversarial, terminal);
  withConfigOptions(adversarial.command('list').description('List the cases, the oldest first.'))
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  assay adversarial list\n  assay adversarial list --json | jq length')
    .action(async (options: CommonOptions) => {
      await printQuery(options, terminal, { ask: (queries) => queries.cases(), render: renderCases });
    });
  addAdversarialRun(adversarial, terminal);
}

function addAdd(adversarial: Command, terminal: Terminal): void {
  withConfigOptions(adversarial.command('add').description('Add a case, or a file of them.'))
    .option('--input <text>', 'what the agent is asked')
    .option('--from-trace <trace-id>', 'copy what the agent was asked in this trace', traceIdPrefix)
    .option('--file <file>', 'cases as JSONL; - for the standard input')
    .option('--criterion <name>', 'the rubric by which a judge model judges an answer')
    .option('--contains <text>', 'text that a right answer contains, in whatever case')
    .option('--lacks <text>', 'text that a right answer does not contain, in whatever case')
    .option('--matches <regexp>', 'regular expression that a right answer matches', regExp)
    .option('--pattern <text>', 'text in a production trace that is such a case, in whatever case')
    .option('--note <text>', 'why it is in the set')
    .option('--tenant <name>', 'whose case it is (default: collector.tenant of the settings)')
    .option('--by <name>', 'who adds it', userName())
    .option('--json', 'print JSON')
    .addHelpText('after', ADD_MORE)
    .action(async (options: AddOptions, command: Command) => {
      const wrong = misuseOf(options);
      if (wrong !== undefined) command.error(`error: ${wrong}`);
      const cases = options.file === undefined ? [toGiven(options)] : readCases(read(options.file), options.file);
      await printQuery(options, terminal, {
        ask: (queries) => queries.addCases(cases, options.by),
        render: renderAdded,
      });
    });
}

const PARTS = ['criterion', 'contains', 'lacks', 'matches', 'pattern', 'note', 'tenant', 'input'] as const;

function misuseOf(options: AddOptions): string | undefined {
  if (options.file === undefined) {
    const isNothing = options.fromTrace === undefined && (options.input ?? '').trim() === '';
    return isNothing ? 'expected --input, --from-trace or --file, got none of them' : undefined;
  }
  const beside = [...PARTS, 'fromTrace' as const].find((part) => options[part] !== undefined);
  return beside === undefined ? undefined : `expected --file alone, got it with another option of a case (${beside})`;
}

function toGiven(options: AddOptions): GivenCase {
  const parts = PARTS.flatMap((part) => {
    const value = options[part];
    return value === undefined ? [] : [[part, value] as const];
  });
  return { ...Object.fromEntries(parts), ...(options.fromTrace === undefined ? {} : { traceId: options.fromTrace }) };
}

function read(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    throw new PipelineError('CONFIG_INVALID', `expected cases as JSONL in ${path}, got ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function regExp(text: string): string {
  try {
    new RegExp(text, 'u');
    return text;
  } catch (error) {
    throw new InvalidArgumentError(`expected a regular expression: ${(error as Error).message}.`);
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'somebody';
  }
}
