import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { RunningAssay } from '../api.js';
import { assayConfig } from '../config.js';
import { ROLES, type RoleName } from '../pipeline.js';
import { paintFor } from '../render/format.js';
import { startAssay } from '../start-assay.js';
import { parseAddress } from './parse-address.js';
import { configOf, withConfigOptions, type CommonOptions, type Terminal } from './shared.js';
import { whenAskedToStop } from './when-asked-to-stop.js';

interface UpOptions extends CommonOptions {
  readonly http?: string;
  readonly grpc?: string;
  readonly health?: string;
  readonly role?: readonly RoleName[];
}

/** `assay up`: everything in this process, until it is told to stop. */
export function addUp(program: Command, terminal: Terminal): void {
  withConfigOptions(
    program.command('up').description('Start Assay here: receive spans, check, judge, store. Needs nothing else.'),
  )
    .option('--http <host:port>', 'where to listen for OTLP over HTTP (default: 127.0.0.1:4318)')
    .option('--grpc <host:port>', 'where to listen for OTLP over gRPC (default: 127.0.0.1:4317)')
    .option('--health <host:port>', 'where to answer /healthz, /readyz and /metrics too, whatever the roles')
    .addHelpText(
      'after',
      '\nExamples:\n  assay up\n  assay up --http 127.0.0.1:14318 --data ./assay-data\n  OPENAI_API_KEY=… assay up --set judges.dailyBudgetUsd=5\n  assay up --config assay.yaml\n\nThe judge, unless models.judge says otherwise, comes from the environment:\n  ANTHROPIC_API_KEY, OPENAI_API_KEY      key of the provider; with neither the checks run alone\n  ANTHROPIC_BASE_URL, OPENAI_BASE_URL    another endpoint that speaks the same protocol',
    )
    .action(async (options: UpOptions) => {
      await up(options, terminal);
    });
}

/** `assay run`: chosen roles in this process, until it is told to stop. */
export function addRun(program: Command, terminal: Terminal): void {
  withConfigOptions(program.command('run').description('Start some of the roles here, such as the receiver alone.'))
    .addOption(
      new Option('--role <list>', `of ${RUNNABLE.join(', ')}; with commas between`)
        .argParser(parseRoles)
        .makeOptionMandatory(),
    )
    .option('--http <host:port>', 'where to listen for OTLP over HTTP (default: 127.0.0.1:4318)')
    .option('--grpc <host:port>', 'where to listen for OTLP over gRPC (default: 127.0.0.1:4317)')
    .option('--health <host:port>', 'where to answer /healthz, /readyz and /metrics too, whatever the roles')
    .addHelpText(
      'after',
      '\nExamples:\n  assay run --role receive               take spans and keep them; needs no store\n  assay run --role receive,write         take them and store them; decide and judge later\n  assay run --role receive,write,sample,judge,publish,gate   as `assay up` does\n\nWhat a role leaves on the bus waits there for the next start that has the role it is for.',
    )
    .action(async (options: UpOptions) => {
      await up(options, terminal);
    });
}

/** `query` comes with the store. */
const RUNNABLE = ROLES.filter((role) => role !== 'query');

const OPEN_THE_STORE = ['write', 'sample', 'gate'] as const;

function parseRoles(text: string): readonly RoleName[] {
  const names = new Set(text.split(',').map((name) => name.trim()));
  const unknown = [...names].find((name) => !(RUNNABLE as readonly string[]).includes(name));
  if (unknown !== undefined) throw new InvalidArgumentError(`expected ${RUNNABLE.join(', ')}, got "${unknown}".`);
  const roles = RUNNABLE.filter((role) => names.has(role));
  return OPEN_THE_STORE.some((role) => roles.includes(role)) ? [...roles, 'query'] : roles;
}

async function up(options: UpOptions, terminal: Terminal): Promise<void> {
  const say = (text: string): void => void terminal.stdout.write(`${text}\n`);
  const asked = whenAskedToStop();
  const loaded = configOf(options, terminal, { collector: addresses(options), ...health(options) });
  const starting = new AbortController();
  void asked.then(() => {
    starting.abort();
  });
  const ended = new Promise<never>((_, reject) => {
    void start(reject).then(stopWhenAsked, (error: unknown) => {
      if (starting.signal.aborted) process.exit(0);
      reject(error instanceof Error ? error : new Error(String(error)));
    });
  });
  async function start(onDeath: (error: Error) => void): Promise<RunningAssay> {
    const isNew = !existsSync(join(loaded.config.dataDirectory, 'store'));
    const paint = paintFor(terminal.stdout, terminal.env);
    const assay = await startAssay({
      loaded,
      env: terminal.env,
      ...(options.role === undefined ? {} : { roles: options.role }),
      announce: say,
      onFirstTrace(traceId) {
        if (!isNew) return;
        say(`${paint.green('First trace')} ${traceId}: assay why ${traceId}${dataOption(loaded.config.dataDirectory)}`);
      },
      onDeath,
      signal: starting.signal,
    });
    const below = relative('', assay.dataDirectory);
    const where = below.startsWith('..') ? assay.dataDirectory : below || '.';
    const { url, grpcUrl, healthUrl } = assay;
    const others = [...some('gRPC', grpcUrl), ...some('health', healthUrl)];
    const alsoOn = others.length === 0 ? '' : ` (${others.join(', ')})`;
    const does = url === '' ? `runs ${options.role?.join(', ')}${alsoOn}` : `listens on ${paint.bold(url)}${alsoOn}`;
    say(`${paint.bold('Assay')} ${does} and keeps its data in ${where}`);
    if (isNew && options.config === undefined && assay.url !== '') say(firstStartHelp(assay.url));
    return assay;
  }
  async function stopWhenAsked(assay: RunningAssay): Promise<void> {
    await asked;
    say('Draining: what was acknowledged is being finished or kept for the next start…');
    await assay.stop();
    process.exit(0);
  }
  await ended;
}

/** What a command needs to find this data directory from here; nothing when it looks there by itself. */
function dataOption(dataDirectory: string): string {
  const path = resolve(dataDirectory);
  if (path === resolve(assayConfig.parse({}).dataDirectory)) return '';
  const shortest = relative('', path);
  return ` --data ${quote(shortest === '' ? '.' : shortest.startsWith('..') ? path : shortest)}`;
}

function quote(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function firstStartHelp(url: string): string {
  return [
    '',
    'Point any OpenTelemetry SDK at it:',
    `  export OTEL_EXPORTER_OTLP_ENDPOINT=${url}`,
    '  export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
    '  export OTEL_SERVICE_NAME=my-agent',
    '  export OTEL_RESOURCE_ATTRIBUTES=service.version=1.0.0',
    '',
  ].join('\n');
}

function addresses({ http, grpc }: UpOptions): object {
  return {
    ...(http === undefined ? {} : { http: parseAddress('--http', http) }),
    ...(grpc === undefined ? {} : { grpc: parseAddress('--grpc', grpc) }),
  };
}

function health({ health: address }: UpOptions): object {
  return address === undefined ? {} : { health: parseAddress('--health', address) };
}

function some(what: string, url: string | undefined): readonly string[] {
  return url === undefined ? [] : [`${what} on ${url}`];
}
