import { InvalidArgumentError, type Command } from 'commander';
import { renderReport, renderTraces } from '../render/report.js';
import { renderWhy } from '../render/why.js';
import type { TraceFilter } from '../api.js';
import { printQuery, withConfigOptions, type CommonOptions, type Terminal } from './shared.js';

/** `assay why`: the story of one trace. */
export function addWhy(program: Command, terminal: Terminal): void {
  withConfigOptions(
    program
      .command('why')
      .description('Tell the whole story of one trace: what was found, decided, judged, and what it cost.'),
  )
    .argument('<trace-id>', '32 hex digits, or the first 8 or more', traceIdPrefix)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  assay why 3efa4c1ce12cbd356a852d6a6702f7d9\n  assay why 3efa4c1c --json | jq .decision',
    )
    .action(async (traceId: string, options: CommonOptions) => {
      await printQuery(options, terminal, { ask: (queries) => queries.why(traceId), render: renderWhy });
    });
}

interface TracesOptions extends CommonOptions {
  readonly failed?: boolean;
  readonly suspected?: boolean;
  readonly unjudged?: boolean;
  readonly errors?: boolean;
  readonly release?: string;
  readonly limit: number;
}

/** `assay traces`: a line a trace. */
export function addTraces(program: Command, terminal: Terminal): void {
  withConfigOptions(program.command('traces').description('List traces, newest first, with their outcome and why.'))
    .option('--failed', 'only traces that failed')
    .option('--suspected', 'only traces that a check suspected')
    .option('--unjudged', 'only traces that no judge answered and no check settled')
    .option('--errors', 'only traces whose judge failed')
    .option('--release <name>', 'only this release (service.version)')
    .option('--limit <n>', 'at most so many', wholeNumber, 20)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  assay traces --failed --release 1.1\n  assay traces --errors --limit 100 --json',
    )
    .action(async (options: TracesOptions, command: Command) => {
      const chosen = (['failed', 'suspected', 'unjudged', 'errors'] as const).filter((name) => options[name] === true);
      if (chosen.length > 1)
        command.error(
          `error: expected one of --failed, --suspected, --unjudged and --errors, got ${chosen.map((name) => `--${name}`).join(' and ')}`,
        );
      const filter: TraceFilter = {
        limit: options.limit,
        ...(chosen[0] === undefined ? {} : { only: chosen[0] }),
        ...(options.release === undefined ? {} : { release: options.release }),
      };
      await printQuery(options, terminal, { ask: (queries) => queries.traces(filter), render: renderTraces });
    });
}

/** `assay report`: rates per release, coverage and spend. */
export function addReport(program: Command, terminal: Terminal): void {
  withConfigOptions(
    program.command('report').description('Print per release the pass rate with its interval, and coverage and spend.'),
  )
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  assay report\n  assay report --data /var/lib/assay --json | jq .coverage')
    .action(async (options: CommonOptions) => {
      await printQuery(options, terminal, { ask: (queries) => queries.report(), render: renderReport });
    });
}

function traceIdPrefix(text: string): string {
  if (!/^[0-9a-f]{8,32}$/i.test(text))
    throw new InvalidArgumentError('expected 32 hex digits, or the first 8 or more.');
  return text;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 100_000)
    throw new InvalidArgumentError('expected a whole number from 1 to 100000.');
  return value;
}
