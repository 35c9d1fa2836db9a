import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { loadConfig, type LoadedConfig } from '../load-config.js';
import { openQueries } from '../open-queries.js';
import type { AssayQueries } from '../api.js';
import { assayConfig } from '../config.js';
import { LAST } from '../last-trace.js';
import { paintFor, type Paint } from '../render/format.js';

/** What a command sees of the process it runs in. */
export interface Terminal {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly stdin: NodeJS.ReadStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface CommonOptions {
  readonly config?: string;
  readonly data?: string;
  readonly set?: readonly string[];
  readonly json?: boolean;
}

/** `--config`, `--data` and `--set`, which every command takes. */
export function withConfigOptions(command: Command): Command {
  return command
    .addOption(new Option('--config <file>', 'settings in YAML'))
    .addOption(new Option('--data <dir>', 'data directory (default: .assay)'))
    .addOption(
      new Option('--set <key=value>', 'one setting, such as sampler.quietMs=5000; may be repeated').argParser(
        (value: string, before: string[] | undefined) => [...(before ?? []), value],
      ),
    );
}

/** Settings of this call: file, then `--set`, then the command's own options. */
export function configOf(
  options: CommonOptions,
  terminal: Terminal,
  overrides: Readonly<Record<string, unknown>> = {},
): LoadedConfig {
  return loadConfig({
    file: options.config,
    sets: options.set ?? [],
    overrides: { ...(options.data === undefined ? {} : { dataDirectory: options.data }), ...overrides },
    env: terminal.env,
  });
}

/** Runs one query and prints its answer, as JSON or for people. */
export async function printQuery<T>(
  options: CommonOptions,
  terminal: Terminal,
  work: { ask(queries: AssayQueries): Promise<T>; render(value: T, paint: Paint): string },
): Promise<T> {
  // To stderr, so that what is printed on stdout can be piped.
  const say = (text: string): void => void terminal.stderr.write(`${text}\n`);
  const open = openQueries(configOf(options, terminal), { env: terminal.env, announce: say });
  try {
    const value = await work.ask(open.queries);
    const text =
      options.json === true
        ? JSON.stringify(value, undefined, 2)
        : work.render(value, paintFor(terminal.stdout, terminal.env));
    terminal.stdout.write(`${text}\n`);
    return value;
  } finally {
    await open.close();
  }
}

/** A trace as it is named: its id, the beginning of it, or `last`. */
export function traceIdPrefix(text: string): string {
  if (text !== LAST && !/^[0-9a-f]{8,32}$/i.test(text))
    throw new InvalidArgumentError(`expected 32 hex digits, the first 8 or more, or ${LAST}.`);
  return text;
}

/** Where the caller's own rubrics lie, absolute, for an Assay that runs in another folder; empty when there are none. */
export function rubricsFolder(options: CommonOptions, terminal: Terminal): string {
  const { rubricsDirectory } = configOf(options, terminal).config.judges;
  const isDefault = rubricsDirectory === assayConfig.parse({}).judges.rubricsDirectory;
  return isDefault && !existsSync(rubricsDirectory) ? '' : resolve(rubricsDirectory);
}
