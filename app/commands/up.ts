import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { PipelineError } from '../../core/errors.js';
import type { RunningAssay } from '../api.js';
import { paintFor } from '../render/format.js';
import { startAssay } from '../start-assay.js';
import { configOf, withConfigOptions, type CommonOptions, type Terminal } from './shared.js';

interface UpOptions extends CommonOptions {
  readonly http?: string;
}

/** `assay up`: everything in this process, until it is told to stop. */
export function addUp(program: Command, terminal: Terminal): void {
  withConfigOptions(
    program.command('up').description('Start Assay here: receive spans, check, judge, store. Needs nothing else.'),
  )
    .option('--http <host:port>', 'where to listen for OTLP over HTTP (default: 127.0.0.1:4318)')
    .addHelpText(
      'after',
      '\nExamples:\n  assay up\n  assay up --http 127.0.0.1:14318 --data ./assay-data\n  OPENAI_API_KEY=… assay up --set judges.dailyBudgetUsd=5\n  assay up --config assay.yaml',
    )
    .action(async (options: UpOptions) => {
      await up(options, terminal);
    });
}

async function up(options: UpOptions, terminal: Terminal): Promise<void> {
  const paint = paintFor(terminal.stdout, terminal.env);
  const say = (text: string): void => void terminal.stdout.write(`${text}\n`);
  const loaded = configOf(
    options,
    terminal,
    options.http === undefined ? {} : { collector: { http: parseAddress(options.http) } },
  );
  const first = options.config === undefined && !existsSync(join(loaded.config.dataDirectory, 'store'));
  const ended = new Promise<never>((_, reject) => {
    void start(reject).then(waitForSignal, reject);
  });
  async function start(onDeath: (error: Error) => void): Promise<RunningAssay> {
    const assay = await startAssay({
      loaded,
      env: terminal.env,
      announce: say,
      onFirstTrace: (traceId) => {
        say(`${paint.green('First trace')} ${traceId}: assay why ${traceId}${dataOption(options)}`);
      },
      onDeath,
    });
    say(
      `${paint.bold('Assay')} listens on ${paint.bold(assay.url)} and keeps its data in ${relative('', assay.dataDirectory) || '.'}`,
    );
    if (first) say(firstStartHelp(assay.url));
    return assay;
  }
  function waitForSignal(assay: RunningAssay): void {
    const stop = (): void => {
      say('Draining: what was acknowledged is being finished or kept for the next start…');
      void assay.stop().then(() => {
        process.exit(0);
      });
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
  }
  await ended;
}

function dataOption(options: UpOptions): string {
  return options.data === undefined ? '' : ` --data ${options.data}`;
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

/** `HOST:PORT`, `:PORT` or `[IPV6]:PORT`. */
function parseAddress(text: string): { readonly host?: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new PipelineError(
      'CONFIG_INVALID',
      `--http: expected HOST:PORT, such as 127.0.0.1:4318, got ${JSON.stringify(text)}`,
    );
  }
  const host = match[1] ?? match[2] ?? '';
  return { ...(host === '' ? {} : { host }), port };
}
