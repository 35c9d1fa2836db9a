import { InvalidArgumentError, Option, type Command } from 'commander';
import { renderReport, renderTraces } from '../render/report.js';
import { renderWhy } from '../render/why.js';
import { SLICES, type Slice } from '../../core/cell.js';
import { systemClock } from '../../core/clock.js';
import { PipelineError } from '../../core/errors.js';
import type { AssayQueries, TraceFilter, Why } from '../api.js';
import { since } from './since.js';
import { printQuery, traceIdPrefix, withConfigOptions, type CommonOptions, type Terminal } from './shared.js';

interface WhyOptions extends CommonOptions {
  readonly wait?: boolean;
}

const WAIT_MS = 60_000;
const POLL_MS = 250;

/** The story once there is nothing more to come of it, or as it is when the time is up. */
async function whyOnceDone(queries: AssayQueries, traceId: string): Promise<Why> {
  const untilMs = systemClock.nowMs() + WAIT_MS;
  for (;;) {
    const why = await queries.why(traceId).catch((error: unknown) => {
      const isLate = error instanceof PipelineError && error.code === 'TRACE_UNKNOWN';
      if (!isLate || systemClock.nowMs() > untilMs) throw error;
      return undefined;
    });
    const isDone = why !== undefined && why.outcome !== 'open' && why.outcome !== 'pending';
    if (why !== undefined && (isDone || systemClock.nowMs() > untilMs)) return why;
    await systemClock.sleep(POLL_MS);
  }
}

/** `assay why`: the story of one trace. */
export function addWhy(program: Command, terminal: Terminal): void {
  withConfigOptions(
    program
      .command('why')
      .description('Tell the whole story of one trace: what was found, decided, judged, and what it cost.'),
  )
    .argument('<trace-id>', '32 hex digits, the first 8 or more, or last', traceIdPrefix)
    .option('--wait', `wait until it is decided and judged, for at most ${WAIT_MS / 1_000} s`)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  assay why 3efa4c1ce12cbd356a852d6a6702f7d9\n  assay why 3efa4c1c --json | jq .decision\n  assay why last --wait         the newest trace, once there is something to tell',
    )
    .action(async (traceId: string, options: WhyOptions) => {
      await printQuery(options, terminal, {
        ask: (queries) => (options.wait === true ? whyOnceDone(queries, traceId) : queries.why(traceId)),
        render: renderWhy,
      });
    });
}

interface TracesOptions extends CommonOptions {
  readonly failed?: boolean;
  readonly suspected?: boolean;
  readonly unjudged?: boolean;
  readonly errors?: boolean;
  readonly excluded?: boolean;
  readonly release?: string;
  readonly limit: number;
}

const FILTERS = ['failed', 'suspected', 'unjudged', 'errors', 'excluded'] as const;

/** `assay traces`: a line a trace. */
export function addTraces(program: Command, terminal: Terminal): void {
  withConfigOptions(program.command('traces').description('List traces, newest first, with their outcome and why.'))
    .option('--failed', 'only traces that failed')
    .option('--suspected', 'only traces that a check suspected')
    .option('--unjudged', 'only traces that no judge answered and no check settled')
    .option('--errors', 'only traces whose judge failed')
    .option('--excluded', 'only traces that a rule keeps out of every rate')
    .option('--release <name>', 'only this release (service.version)')
    .option('--limit <n>', 'at most so many', wholeNumber, 20)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  assay traces --failed --release 1.1\n  assay traces --errors --limit 100 --json',
    )
    .action(async (options: TracesOptions, command: Command) => {
      const chosen = FILTERS.filter((name) => options[name] === true);
      if (chosen.length > 1)
        command.error(
          `error: expected one of --failed, --suspected, --unjudged, --errors and --excluded, got ${chosen.map((name) => `--${name}`).join(' and ')}`,
        );
      const filter: TraceFilter = {
        limit: options.limit,
        ...(chosen[0] === undefined ? {} : { only: chosen[0] }),
        ...(options.release === undefined ? {} : { release: options.release }),
      };
      await printQuery(options, terminal, { ask: (queries) => queries.traces(filter), render: renderTraces });
    });
}

interface ReportOptions extends CommonOptions {
  readonly by: Slice;
  readonly since?: number;
}

/** `assay report`: rates per release, coverage and spend. */
export function addReport(program: Command, terminal: Terminal): void {
  withConfigOptions(
    program.command('report').description('Print per release the pass rate with its interval, and coverage and spend.'),
  )
    .addOption(new Option('--by <what>', 'tell traces apart by this').choices(SLICES).default('release'))
    .option('--since <when>', 'only traces first seen since: 36h, 7d, or a date such as 2026-11-01', since)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  assay report\n  assay report --by environment --since 7d\n  assay report --data /var/lib/assay --json | jq .coverage' +
        '\n\nA corrected rate, as people would tell it, is there once they have labelled enough: see assay label.',
    )
    .action(async ({ by, since: sinceMs, ...options }: ReportOptions) => {
      const request = { by, ...(sinceMs === undefined ? {} : { sinceMs }) };
      await printQuery(options, terminal, { ask: (queries) => queries.report(request), render: renderReport });
    });
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 100_000)
    throw new InvalidArgumentError('expected a whole number from 1 to 100000.');
  return value;
}
