import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { PipelineError } from '../../core/errors.js';
import type { Fault } from '../../store/index.js';
import { useUtc } from '../use-utc.js';
import { parseAddress } from './parse-address.js';
import type { Terminal } from './shared.js';
import { whenAskedToStop } from './when-asked-to-stop.js';

const MEBIBYTE = 1024 * 1024;
/** As `store.maxMemoryBytes` by default. */
const MAX_MEMORY_BYTES = 600 * MEBIBYTE;
/** For answers that are under way. */
const STOP_MS = 10_000;
const PASSWORD = 'ASSAY_STORE_PASSWORD';

interface ServeOptions {
  readonly data: string;
  readonly http: string;
  readonly user: string;
  readonly slowMs: number;
  readonly cluster?: string;
  readonly fault?: readonly (readonly [name: string, inserts: number])[];
}

/** `assay store`: what there is to do with a store alone. */
export function addStore(program: Command, terminal: Terminal): void {
  const store = program.command('store').description('A ClickHouse to test against.');
  store
    .command('serve')
    .description(
      "Serve ClickHouse's HTTP interface over the embedded engine, on a directory of its own. To test against.",
    )
    .requiredOption('--data <dir>', 'directory of the engine: empty, or one that this command made')
    .option('--http <host:port>', 'where to listen, on this machine only', '127.0.0.1:8123')
    .option('--user <name>', `the one user; ${PASSWORD} is its password, none when it is not set`, 'default')
    .option(
      '--fault <name=inserts>',
      'for tests: drop-answer, slow-answer or too-many-parts, for the next so many inserts of rows; may be repeated',
      (value: string, before: ServeOptions['fault']) => [...(before ?? []), parseFault(value)],
    )
    .option(
      '--cluster <name>',
      'pass for a cluster of one shard: Distributed tables are real, Replicated ones are made without their replicas',
      clusterName,
    )
    .option('--slow-ms <ms>', 'for tests: how late a slow answer is', wholeNumber, 5_000)
    .addHelpText(
      'after',
      '\nExamples:\n  assay store serve --data ./clickhouse\n  assay up --set store.clickhouse.url=http://127.0.0.1:8123\n  assay store serve --data ./clickhouse --fault drop-answer=3     the answers of 3 inserts are lost after the commit\n\nIt serves programs of this machine, and reaches nothing but its own tables: docs/guides/clickhouse.md says what it does without.',
    )
    .action(async (options: ServeOptions) => {
      await serve(options, terminal);
    });
}

async function serve(options: ServeOptions, terminal: Terminal): Promise<void> {
  const { host = '127.0.0.1', port } = parseAddress('--http', options.http);
  if (!/^(localhost|::1|127\.\d+\.\d+\.\d+)$/.test(host)) {
    throw new PipelineError(
      'CONFIG_INVALID',
      `--http: expected an address of this machine alone, such as 127.0.0.1:8123, got ${JSON.stringify(options.http)}; a ClickHouse for others is a real server`,
    );
  }
  useUtc();
  const { createStoreServer, FAULTS } = await import('../../store/index.js');
  const data = resolve(options.data);
  // The engine takes the name of a table that it does not know for that of a file in the folder that it was started in.
  await mkdir(data, { recursive: true }).then(
    () => {
      process.chdir(data);
    },
    () => undefined,
  );
  const asked = whenAskedToStop();
  const server = createStoreServer({
    dataDirectory: data,
    maxMemoryBytes: MAX_MEMORY_BYTES,
    host,
    port,
    username: options.user,
    password: terminal.env[PASSWORD] ?? '',
    slowMs: options.slowMs,
    ...(options.cluster === undefined ? {} : { cluster: options.cluster }),
  });
  for (const [name, inserts] of options.fault ?? []) {
    if (!isFault(name, FAULTS))
      throw new PipelineError('CONFIG_INVALID', `--fault: expected ${FAULTS.join(', ')}, got ${JSON.stringify(name)}`);
    server.arm(name, inserts);
  }
  await server.start(new AbortController().signal);
  terminal.stdout.write(`ClickHouse's HTTP interface over the embedded engine listens on ${server.url}\n`);
  await asked;
  await server.stop(AbortSignal.timeout(STOP_MS));
  process.exit(0);
}

function isFault(name: string, known: readonly Fault[]): name is Fault {
  return (known as readonly string[]).includes(name);
}

function parseFault(text: string): readonly [name: string, inserts: number] {
  const [, name, inserts] = /^([a-z-]+)=(\d{1,6})$/.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError('expected a name and a number, such as drop-answer=3.');
  return [name, Number(inserts)];
}

function clusterName(text: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(text))
    throw new InvalidArgumentError('expected a name of letters, digits, _, . and -, such as assay_cluster.');
  return text;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new InvalidArgumentError('expected milliseconds, at most 9999999.');
  return Number(text);
}
