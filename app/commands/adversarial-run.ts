import { InvalidArgumentError, type Command } from 'commander';
import { systemClock } from '../../core/clock.js';
import type { RunReport } from '../adversarial/api.js';
import { runSet, type RunOptions } from '../adversarial/run-set.js';
import type { AssayQueries, JudgeRequest } from '../api.js';
import { openQueries } from '../open-queries.js';
import { renderRun } from '../render/adversarial.js';
import { paintFor } from '../render/format.js';
import { EXIT } from './exit-codes.js';
import { configOf, rubricsFolder, withConfigOptions, type CommonOptions, type Terminal } from './shared.js';

interface RunCommandOptions extends CommonOptions {
  readonly endpoint: string;
  readonly header?: Readonly<Record<string, string>>;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly tenant?: string;
  readonly service?: string;
  readonly release?: string;
  readonly environment?: string;
}

const HELP = `
Each case is sent once: POST, {"input": "…", "caseId": "…"}. The agent answers 200 with {"output": "…"}, or with text/plain.
With --service and --release the gate of this Assay is told: a broken floor raises its alarm, one that is held takes it back.

Exit codes: 0 held; 1 broken, or not enough evidence: the last line says which; 2 usage; 3 nothing answered at the endpoint.

Examples:
  assay adversarial run --endpoint http://127.0.0.1:8080/agent
  assay adversarial run --endpoint https://staging.example.com/agent --header "authorization: Bearer $TOKEN" --json
  assay adversarial run --endpoint http://127.0.0.1:8080/agent --service shop-agent --release 1.2`;

/** `assay adversarial run`: the set, sent to an agent. */
export function addAdversarialRun(adversarial: Command, terminal: Terminal): void {
  withConfigOptions(
    adversarial.command('run').description('Send every case to an agent, and tell whether its floor holds.'),
  )
    .requiredOption('--endpoint <url>', 'where the agent answers', url)
    .option('--header <name: value>', 'a header of every request; may be repeated', header)
    .option('--concurrency <n>', 'requests open at once', wholeNumber(1, 100), 4)
    .option('--timeout-ms <ms>', 'longest wait for one answer', wholeNumber(1, 3_600_000), 60_000)
    .option('--tenant <name>', 'whose cases (default: collector.tenant of the settings)')
    .option('--service <name>', 'which agent this is (service.name), for the gate')
    .option('--release <name>', 'which release of it (service.version), for the gate')
    .option('--environment <name>', 'of the alarm; without it, of all environments')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(async (options: RunCommandOptions, command: Command) => {
      if ((options.service === undefined) !== (options.release === undefined))
        command.error('error: expected --service and --release, or neither, got one of them');
      const report = await run(options, terminal);
      const isJson = options.json === true;
      const text = isJson
        ? JSON.stringify(report, undefined, 2)
        : renderRun(report, paintFor(terminal.stdout, terminal.env));
      terminal.stdout.write(`${text}\n`);
      process.exitCode = exitOf(report);
    });
}

/** Each part asks other roles, and where no Assay runs they are opened for it alone. */
async function run(options: RunCommandOptions, terminal: Terminal): Promise<RunReport> {
  const { config } = configOf(options, terminal);
  const tenant = options.tenant ?? config.collector.tenant;
  const all = await withQueries(options, terminal, (queries) => queries.cases());
  const cases = all.filter((one) => one.tenant === tenant);
  const request: JudgeRequest = { rubricsDirectory: rubricsFolder(options, terminal) };
  const { endpoint, concurrency, timeoutMs, header: headers = {} } = options;
  const settings: RunOptions = { endpoint, concurrency, timeoutMs, headers, floor: config.gates.floorRatio };
  const report = await withQueries(options, terminal, (queries) =>
    runSet(cases, settings, {
      fetch,
      nowMs: () => systemClock.nowMs(),
      signal: new AbortController().signal,
      judge: (answer) => queries.judgeAnswer(answer, request),
      progress: progressOn(terminal.stderr),
    }),
  );
  const { service, release, environment = '' } = options;
  if (service === undefined || release === undefined || report.unreachable) return report;
  const { state, passed, failed, floor } = report;
  const told = { tenant, service, release, environment, state, passed, failed, floor };
  await withQueries(options, terminal, (queries) => queries.floorRun(told));
  return report;
}

async function withQueries<T>(
  options: CommonOptions,
  terminal: Terminal,
  use: (queries: AssayQueries) => Promise<T>,
): Promise<T> {
  const say = (text: string): void => void terminal.stderr.write(`${text}\n`);
  const open = openQueries(configOf(options, terminal), { env: terminal.env, announce: say });
  try {
    return await use(open.queries);
  } finally {
    await open.close();
  }
}

/** One line that is written over on a terminal, and a line every so often elsewhere. */
function progressOn(stderr: NodeJS.WriteStream): (done: number, all: number) => void {
  return (done, all) => {
    if (stderr.isTTY) stderr.write(`\r${done} of ${all}${done === all ? '\n' : ''}`);
    else if (done % 50 === 0 || done === all) stderr.write(`${done} of ${all}\n`);
  };
}

function exitOf({ unreachable, state }: RunReport): number {
  if (unreachable) return EXIT.unreachable;
  return state === 'held' ? EXIT.held : EXIT.notHeld;
}

function url(text: string): string {
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (parsed?.protocol === 'http:' || parsed?.protocol === 'https:') return text;
  throw new InvalidArgumentError('expected a URL such as http://127.0.0.1:8080/agent.');
}

function header(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const [, name = '', value = ''] = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+): *(\S.*)$/.exec(text) ?? [];
  if (name === '') throw new InvalidArgumentError('expected a header such as "authorization: Bearer abc".');
  return { ...before, [name.toLowerCase()]: value };
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`expected a whole number from ${least} to ${most}.`);
  };
}
