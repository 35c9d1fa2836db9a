import { InvalidArgumentError, type Command } from 'commander';
import { PipelineError } from '../../core/errors.js';
import type { Why } from '../api.js';
import { fail, type Check } from '../doctor/check.js';
import { runChecks } from '../doctor/checks.js';
import { openReception, receiveNext, receiveOwn, type Reception } from '../doctor/receive-one.js';
import { understandingOf } from '../doctor/understanding.js';
import type { LoadedConfig } from '../load-config.js';
import { renderChecks, renderUnderstanding } from '../render/doctor.js';
import { paintFor, type Paint } from '../render/format.js';
import { EXIT } from './exit-codes.js';
import { configOf, withConfigOptions, type CommonOptions, type Terminal } from './shared.js';

interface DoctorOptions extends CommonOptions {
  /** Seconds; true without a number. */
  readonly wait?: number | true;
}

const WAIT_S = 120;

/** `assay doctor`: is this machine ready, and is a trace understood? */
export function addDoctor(program: Command, terminal: Terminal): void {
  withConfigOptions(
    program
      .command('doctor')
      .description('Look whether Assay can work here, take in one span, and tell what was understood of it.'),
  )
    .option(
      '--wait [seconds]',
      `wait for a trace of your agent instead of sending a test span (default: ${WAIT_S})`,
      seconds,
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  assay doctor\n  assay doctor --wait          then run your agent once\n  assay doctor --wait 30 --json | jq .understood' +
        '\n\nWhere no Assay runs, doctor receives on the same address by itself and keeps nothing. No model is called.\nExit codes: 0 all well, 1 something has to be mended, 3 no span arrived.',
    )
    .action(async (options: DoctorOptions) => {
      process.exitCode = await examine(options, terminal);
    });
}

async function examine(options: DoctorOptions, terminal: Terminal): Promise<number> {
  const paint = paintFor(terminal.stdout, terminal.env);
  const say = (text: string): void => {
    if (options.json !== true) terminal.stdout.write(`${text}\n`);
  };
  const loaded = loadOrExplain(options, terminal);
  const checks = 'problem' in loaded ? [loaded.problem] : await runChecks({ loaded, env: terminal.env });
  say(renderChecks(checks, paint));
  let why: Why | undefined;
  const isReceived = !('problem' in loaded) && canReceive(checks);
  if (isReceived) {
    say('');
    const reception = await openReception(loaded, terminal.env);
    try {
      why = await receive(reception, options, { say, paint });
    } finally {
      await reception.close();
    }
  }
  if (options.json === true) printJson(terminal, checks, why);
  if (checks.some(({ status }) => status === 'fail')) return EXIT.notHeld;
  return isReceived && why === undefined ? EXIT.unreachable : EXIT.held;
}

/** Settings that cannot be used are one more thing that doctor finds. */
function loadOrExplain(options: DoctorOptions, terminal: Terminal): LoadedConfig | { readonly problem: Check } {
  try {
    return configOf(options, terminal);
  } catch (error) {
    if (error instanceof PipelineError) return { problem: fail('configuration', error.message) };
    throw error;
  }
}

function canReceive(checks: readonly Check[]): boolean {
  return checks.every(
    ({ name, status }) => status === 'ok' || (status === 'warn' && name !== 'store') || name === 'judge',
  );
}

interface Voice {
  readonly say: (text: string) => void;
  readonly paint: Paint;
}

async function receive(reception: Reception, { wait }: DoctorOptions, { say, paint }: Voice): Promise<Why | undefined> {
  const { url, isTemporary } = reception;
  if (wait === undefined) {
    say(`Sending one test span to ${url}${isTemporary ? ', where doctor itself listens' : ''} …`);
    return tell(await receiveOwn(reception), { say, paint });
  }
  const waitS = wait === true ? WAIT_S : wait;
  say(`Waiting ${waitS} s for a trace of your agent on ${url}. Run it once, with:`);
  say(`  export OTEL_EXPORTER_OTLP_ENDPOINT=${url}\n  export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`);
  return tell(await receiveNext(reception, waitS * 1_000), { say, paint });
}

function tell(why: Why | undefined, { say, paint }: Voice): Why | undefined {
  if (why === undefined) {
    say(paint.red('Nothing arrived.') + ' Check the endpoint of the sender, and that it flushes before it ends.');
    return undefined;
  }
  const spans = why.trajectory.spanCount === 1 ? '1 span' : `${why.trajectory.spanCount} spans`;
  say(`Received trace ${why.traceId} with ${spans}. What was understood of it:`);
  say(renderUnderstanding(understandingOf(why), paint));
  return why;
}

function printJson(terminal: Terminal, checks: readonly Check[], why: Why | undefined): void {
  const understood = why === undefined ? null : understandingOf(why);
  const document = { checks, traceId: why?.traceId ?? null, understood };
  terminal.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
}

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0 || value > 3_600)
    throw new InvalidArgumentError('expected seconds, more than 0 and at most 3600.');
  return value;
}
