import { InvalidArgumentError, type Command } from 'commander';
import { PipelineError } from '../../core/errors.js';
import type { DeadLetterCalls } from '../dead-letters/api.js';
import { openDeadLetters } from '../dead-letters/open.js';
import { paintFor, type Paint } from '../render/format.js';
import { renderLetter, renderLetters, renderReplayed } from '../render/dead-letters.js';
import { configOf, withConfigOptions, type CommonOptions, type Terminal } from './shared.js';

const EXAMPLES =
  '\nExamples:\n  assay dead-letters list\n  assay dead-letters show judgements/3/1207\n  assay dead-letters show spans/0/17 --raw > span.bin\n  assay dead-letters replay judgements/3/1207\n  assay dead-letters replay --all --config assay.yaml     on Kafka, from anywhere\n';
const MORE =
  '\nAn id says where the record lay: topic, partition, offset. A record that is replayed is appended to its topic again, as it was, and\nmarked: --all leaves it out from then on, its id replays it once more. What still cannot be read gets a letter with a new id.\nRecords that the disk spoilt are listed too, with the code SPOILT; their bytes are lost.\nExit codes: 0 done, 1 no such dead letter, 2 usage, 3 neither an Assay nor its bus was within reach.';

/** `assay dead-letters`: the records that Assay could not read. */
export function addDeadLetters(program: Command, terminal: Terminal): void {
  const letters = program
    .command('dead-letters')
    .description('The records that Assay could not read and set aside: look at them, put them back.')
    .addHelpText('after', EXAMPLES + MORE);
  addList(letters, terminal);
  addShow(letters, terminal);
  addReplay(letters, terminal);
}

function addList(letters: Command, terminal: Terminal): void {
  withConfigOptions(letters.command('list').description('List them, given up last first, with code and reason.'))
    .option('--limit <n>', 'at most so many', wholeNumber, 20)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  assay dead-letters list --limit 100\n  assay dead-letters list --json | jq .total',
    )
    .action(async (options: CommonOptions & { readonly limit: number }) => {
      await print(options, terminal, { ask: (calls) => calls.deadLetters(options.limit), render: renderLetters });
    });
}

interface ShowOptions extends CommonOptions {
  readonly raw?: boolean;
}

function addShow(letters: Command, terminal: Terminal): void {
  withConfigOptions(letters.command('show').description('Tell all that is known of one, and how its bytes begin.'))
    .argument('<id>', 'as assay dead-letters list shows it', letterId)
    .option('--raw', 'write its bytes, as they are, and nothing else')
    .option('--json', 'print JSON, the bytes in base64')
    .addHelpText(
      'after',
      '\nExamples:\n  assay dead-letters show judgements/3/1207\n  assay dead-letters show spans/0/17 --raw > span.bin',
    )
    .action(async (id: string, options: ShowOptions) => {
      if (options.raw === true) await writeRaw(id, options, terminal);
      else await print(options, terminal, { ask: (calls) => calls.deadLetter(id), render: renderLetter });
    });
}

interface ReplayOptions extends CommonOptions {
  readonly all?: boolean;
}

function addReplay(letters: Command, terminal: Terminal): void {
  withConfigOptions(
    letters
      .command('replay')
      .description('Append records to their topics again, as they were: for whoever can read them now.'),
  )
    .argument(
      '[ids...]',
      'as assay dead-letters list shows them',
      (text: string, before: readonly string[] | undefined) => [...(before ?? []), letterId(text)],
    )
    .option('--all', 'all that were not replayed yet')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  assay dead-letters replay judgements/3/1207 spans/0/17\n  assay dead-letters replay --all',
    )
    .action(async (ids: readonly string[], options: ReplayOptions, command: Command) => {
      const isAll = options.all === true;
      if (isAll === ids.length > 0) command.error(`error: expected ids or --all, got ${isAll ? 'both' : 'neither'}`);
      await print(options, terminal, {
        ask: (calls) => calls.replayDeadLetters(isAll ? 'all' : ids),
        render: renderReplayed,
      });
    });
}

interface Work<T> {
  ask(calls: DeadLetterCalls): Promise<T>;
  render(value: T, paint: Paint): string;
}

async function print<T>(options: CommonOptions, terminal: Terminal, work: Work<T>): Promise<void> {
  const value = await asked(options, terminal, (calls) => work.ask(calls));
  const text =
    options.json === true
      ? JSON.stringify(value, undefined, 2)
      : work.render(value, paintFor(terminal.stdout, terminal.env));
  terminal.stdout.write(`${text}\n`);
}

async function writeRaw(id: string, options: CommonOptions, terminal: Terminal): Promise<void> {
  const { base64 } = await asked(options, terminal, (calls) => calls.deadLetter(id));
  if (base64 === null) {
    throw new PipelineError(
      'RECORD_UNKNOWN',
      `expected the bytes of ${id}, but they are not there; assay dead-letters show ${id} says why`,
    );
  }
  terminal.stdout.write(Buffer.from(base64, 'base64'));
}

async function asked<T>(
  options: CommonOptions,
  terminal: Terminal,
  ask: (calls: DeadLetterCalls) => Promise<T>,
): Promise<T> {
  const open = openDeadLetters(configOf(options, terminal));
  try {
    return await ask(open);
  } finally {
    await open.close();
  }
}

function letterId(text: string): string {
  if (!/^(?:source:[\w.-]+|(?:unsent:)?[a-z-]+)\/\d{1,15}\/\d{1,15}$/.test(text))
    throw new InvalidArgumentError('expected topic, partition and offset, such as judgements/3/1207.');
  return text;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 100_000)
    throw new InvalidArgumentError('expected a whole number from 1 to 100000.');
  return value;
}
