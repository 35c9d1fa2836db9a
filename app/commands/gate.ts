import { writeFileSync } from 'node:fs';
import { InvalidArgumentError, type Command } from 'commander';
import type { GateOptions } from '../../gates/index.js';
import { PipelineError } from '../../core/errors.js';
import { openQueries } from '../open-queries.js';
import { toJunit } from '../release-gate/gate-junit.js';
import { toMarkdown } from '../release-gate/gate-markdown.js';
import { gateOfPairs, gateOfTraces, type GateReport, type GateTraces } from '../release-gate/gate-report.js';
import { readPairs } from '../release-gate/read-pairs.js';
import { renderGate } from '../release-gate/render-gate.js';
import { paintFor } from '../render/format.js';
import { EXIT } from './exit-codes.js';
import { configOf, withConfigOptions, type CommonOptions, type Terminal } from './shared.js';

interface GateCommandOptions extends CommonOptions {
  readonly baseline?: string;
  readonly candidate?: string;
  readonly pairs?: string;
  readonly service?: string;
  readonly criterion?: string;
  readonly margin?: number;
  readonly alpha?: number;
  readonly allowInconclusive?: true;
  readonly markdown?: string;
  readonly junit?: string;
}

const HELP = `
PASS: shown to be worse by less than the margin, if at all. BLOCK: shown to be worse. INCONCLUSIVE: neither, and what it would take.
May be asked as often as you like while items come in: the chance of a false BLOCK stays below alpha.

A line of --pairs: {"item": "refund-17", "baseline": "pass", "candidate": "fail", "adversarial": true}
Items are independent: give each once. "adversarial" may be left out.

Exit codes: 0 PASS, or INCONCLUSIVE with --allow-inconclusive; 1 BLOCK or INCONCLUSIVE; 2 usage; 3 a dependency was out of reach.

Examples:
  assay gate --baseline 1.0 --candidate 1.1
  assay gate --baseline 1.0 --candidate 1.1 --service shop-agent --criterion answers-the-question
  assay gate --pairs pairs.jsonl --markdown gate.md --junit gate.xml --allow-inconclusive`;

/** `assay gate`: is this release worse than that one? */
export function addGate(program: Command, terminal: Terminal): void {
  withConfigOptions(
    program.command('gate').description('Hold a release against another one: PASS, BLOCK or INCONCLUSIVE.'),
  )
    .option('--baseline <release>', 'what is compared with (service.version); with --pairs only its name')
    .option('--candidate <release>', 'what is asked about; with --pairs only its name')
    .option('--pairs <file>', 'items that both were run on, as JSONL; without it, traces of the store')
    .option('--service <name>', 'only traces of this service; needed when several have both releases')
    .option('--criterion <name>', 'only this criterion; without it, the whole trace')
    .option('--margin <share>', 'fall of the pass rate that is acceptable, in (0, 1) (default: 0.02)', share)
    .option('--alpha <share>', 'chance of a false BLOCK, and of a false PASS, in (0, 1) (default: 0.05)', share)
    .option('--allow-inconclusive', 'end with 0 when it cannot be decided yet')
    .option('--markdown <file>', 'write a report for a pull request')
    .option('--junit <file>', 'write a report for a CI server')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(async (options: GateCommandOptions, command: Command) => {
      const wrong = misuseOf(options);
      if (wrong !== undefined) command.error(`error: ${wrong}`);
      const report =
        options.pairs === undefined ? await fromStore(options, terminal) : fromPairs(options, options.pairs);
      const allowInconclusive = options.allowInconclusive === true;
      if (options.markdown !== undefined) write(options.markdown, toMarkdown(report));
      if (options.junit !== undefined) write(options.junit, toJunit(report, { allowInconclusive }));
      const text =
        options.json === true
          ? JSON.stringify(report, undefined, 2)
          : renderGate(report, paintFor(terminal.stdout, terminal.env));
      terminal.stdout.write(`${text}\n`);
      const isHeld = report.verdict === 'PASS' || (report.verdict === 'INCONCLUSIVE' && allowInconclusive);
      if (!isHeld) process.exitCode = EXIT.notHeld;
    });
}

function misuseOf({ pairs, baseline, candidate, service, criterion }: GateCommandOptions): string | undefined {
  if (pairs === undefined) {
    if (baseline === undefined || candidate === undefined) {
      return 'expected --baseline and --candidate, or --pairs, got neither';
    }
    return baseline === candidate ? `expected two releases, got ${baseline} twice` : undefined;
  }
  return service === undefined && criterion === undefined
    ? undefined
    : 'expected --service and --criterion with traces of the store, got them with --pairs';
}

function fromPairs(options: GateCommandOptions, path: string): GateReport {
  const { baseline = 'baseline', candidate = 'candidate' } = options;
  return gateOfPairs(readPairs(path), { baseline, candidate, ...limitsOf(options) });
}

async function fromStore(options: GateCommandOptions, terminal: Terminal): Promise<GateReport> {
  const { baseline = '', candidate = '', service, criterion } = options;
  const wanted: GateTraces = {
    baseline,
    candidate,
    ...(service === undefined ? {} : { service }),
    ...(criterion === undefined ? {} : { criterion }),
    ...limitsOf(options),
  };
  const say = (text: string): void => void terminal.stderr.write(`${text}\n`);
  const open = openQueries(configOf(options, terminal), { env: terminal.env, announce: say });
  try {
    return gateOfTraces(await open.queries.releaseCells(), wanted);
  } finally {
    await open.close();
  }
}

function limitsOf({ margin, alpha }: GateCommandOptions): GateOptions {
  return { ...(margin === undefined ? {} : { margin }), ...(alpha === undefined ? {} : { alpha }) };
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new PipelineError('CONFIG_INVALID', `expected to write ${path}, got ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function share(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError('expected a share in (0, 1), such as 0.02.');
  return value;
}
