import { constants } from 'node:fs';
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { threadId } from 'node:worker_threads';
import { createClient, type ClickHouseClient, type ClickHouseClientConfigOptions } from '@clickhouse/client';
import type { Session } from 'chdb';
import { PipelineError } from '../core/errors.js';
import type { StoreConfig } from './config.js';
import { engineConfigXml } from './engine-config.js';
import { engineMissing, isEngineInstalled } from './engine-installed.js';

/** Values bound to `{name: Type}` of a statement. */
export type QueryParams = Readonly<Record<string, string | number | boolean | readonly string[] | readonly number[]>>;

/** A block of rows for one table. */
export interface InsertBlock {
  readonly table: string;
  /** One JSON document a line. */
  readonly lines: string;
  /** A block with a token that the table has seen among its last 1,000 is dropped by the engine. */
  readonly token: string;
}

/** A block of rows that lies in a file, in ClickHouse's Native format. */
export interface NativeBlock {
  readonly table: string;
  readonly columns: readonly (readonly [name: string, type: string])[];
  /** Of a file with the body: one or more Native blocks with these columns. Read before the insert resolves, and not after. */
  readonly path: string;
  readonly rows: number;
  /** As of an `InsertBlock`. */
  readonly token: string;
}

/** One connection. Its statements run one after the other: a writer and a reader need one each. */
export interface StoreConnection {
  /** Runs a statement without a result. */
  run(sql: string, params?: QueryParams): Promise<void>;
  /** Rows as JSON objects; 64-bit integers come as numbers. */
  rows<Row>(sql: string, params?: QueryParams): Promise<readonly Row[]>;
  /** Resolves when the rows are on disk. */
  insert(block: InsertBlock): Promise<void>;
  /** The same of a block in Native, which costs less than half. The thread goes on with other work meanwhile. */
  insertNative(block: NativeBlock): Promise<void>;
  /**
   * Gives freed memory of the engine, of all its connections, back to the system. Its allocator keeps it otherwise: after
   * ten wide reads 317 MB of anonymous memory, after this 174 MB, in 3 ms. Does nothing where the allocator is another.
   */
  releaseMemory(): Promise<void>;
  /** Safe twice. The engine ends with the last connection of the process. */
  close(): Promise<void>;
}

/** Where the store lies, and how much it may use. */
export interface StoreOptions extends Pick<StoreConfig, 'maxThreads' | 'maxMemoryBytes'> {
  /** The store's own folder: it is made, and nothing else may lie in it. */
  readonly dataDirectory: string;
}

/** Settings of an insert. In the SQL, because a setting given to the client stays on an embedded connection. */
const INSERT_SETTINGS = [
  'async_insert = 0',
  // Text that was cut in the middle of a pair of surrogates must not hold up its whole block.
  'input_format_json_throw_on_bad_escape_sequence = 0',
  'deduplicate_blocks_in_dependent_materialized_views = 1',
  'input_format_parallel_parsing = 0',
  'max_insert_threads = 1',
  'precise_float_parsing = 1',
].join(', ');

/** Settings of an insert out of a file: one part a day, and one token for all of it, however many blocks it has. */
const NATIVE_SETTINGS = [
  'async_insert = 0',
  'deduplicate_blocks_in_dependent_materialized_views = 1',
  // The engine does not deduplicate what it selects unless it is told that the order is always the same.
  "deduplicate_insert_select = 'enable_even_for_bad_queries'",
  'max_insert_threads = 1',
  'max_threads = 1',
  'min_insert_block_size_rows = 1000000000',
  'min_insert_block_size_bytes = 0',
].join(', ');

/**
 * Opens the embedded engine on `dataDirectory`. Threads of one process open one connection each; they share the engine,
 * which takes its memory settings from the first.
 *
 * A thread that has opened one must live until every thread has closed its own, and the main thread must have opened one
 * too: a worker that ends takes the engine with it, from under whoever still uses it. So the engine is loaded here, not
 * with this file, and a thread that opens nothing may end when it likes.
 * @throws {PipelineError} ENGINE_MISSING when chdb is not installed, DATA_DIRECTORY_BUSY when another process has it,
 * DATA_DIRECTORY_UNUSABLE when it cannot be opened
 */
export async function openStoreConnection(options: StoreOptions): Promise<StoreConnection> {
  if (!isEngineInstalled()) throw engineMissing();
  const path = resolve(options.dataDirectory);
  const configFile = join(path, 'engine.xml');
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK);
    // Renamed into place, because another thread may be reading it.
    const draft = `${configFile}.${process.pid}.${threadId}`;
    await writeFile(draft, engineConfigXml(options));
    await rename(draft, configFile);
  } catch (cause) {
    throw unusable(path, cause);
  }
  const { session, client } = await openEngine(path, configFile);
  const connection = toConnection(client, session);
  // Meant to stay on this connection, unlike any other setting.
  await connection.run(`SET max_threads = ${options.maxThreads}`);
  return connection;
}

type ClientConnection = NonNullable<ClickHouseClientConfigOptions['connection']>;

interface Engine {
  readonly session: Session;
  readonly client: ClickHouseClient;
}

async function openEngine(path: string, configFile: string): Promise<Engine> {
  const [chdb, { createChdbConnection }] = await Promise.all([import('chdb'), import('chdb/connection')]);
  let session: Session | undefined;
  try {
    // Only a session takes engine arguments; the client's connection to the same path shares the engine it starts.
    session = new chdb.Session(path, { connectionArgs: [`--config-file=${configFile}`] });
    // The two packages declare one and the same interface twice; a private field keeps the compiler from seeing it.
    const connection = createChdbConnection({ path }) as unknown as ClientConnection;
    return { session, client: createClient({ connection }) };
  } catch (cause) {
    session?.close();
    const owner = await ownerOf(path);
    if (owner === undefined) throw unusable(path, cause);
    throw new PipelineError(
      'DATA_DIRECTORY_BUSY',
      `expected the store in ${path} to be free, but process ${owner} has it open; stop that one or use another data directory`,
      { cause },
    );
  }
}

/** The engine writes the owner's process id into its lock file, and says nothing of it in its error. */
async function ownerOf(path: string): Promise<number | undefined> {
  try {
    const owner = Number(/^PID:\s*(\d+)/m.exec(await readFile(join(path, 'status'), 'utf8'))?.[1]);
    if (!Number.isInteger(owner) || owner === process.pid) return undefined;
    process.kill(owner, 0);
    return owner;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? NaN : undefined;
  }
}

function unusable(path: string, cause: unknown): PipelineError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new PipelineError(
    'DATA_DIRECTORY_UNUSABLE',
    `expected a directory for the store that can be opened and written at ${path}, got: ${detail}; check its owner, its space and its path`,
    { cause },
  );
}

function toConnection(client: ClickHouseClient, session: Session): StoreConnection {
  let closed = false;
  let releases = true;
  return {
    async releaseMemory() {
      if (releases) await client.command({ query: 'SYSTEM JEMALLOC PURGE' }).catch(() => (releases = false));
    },
    async run(sql, params = {}) {
      await orStoreError(client.command({ query: sql, query_params: { ...params } }));
    },
    async rows<Row>(sql: string, params: QueryParams = {}) {
      const result = await orStoreError(
        client.query({ query: sql, format: 'JSONEachRow', query_params: { ...params } }),
      );
      return result.json<Row>();
    },
    async insert({ table, lines, token }) {
      if (lines === '') return;
      const settings = `${INSERT_SETTINGS}, insert_deduplication_token = ${quoted(token)}`;
      await orStoreError(
        client.command({ query: `INSERT INTO ${table} SETTINGS ${settings} FORMAT JSONEachRow\n${lines}` }),
      );
    },
    async insertNative({ table, columns, path, token }) {
      const names = columns.map(([name]) => `\`${name}\``).join(', ');
      const structure = columns.map(([name, type]) => `\`${name}\` ${type}`).join(', ');
      const settings = `${NATIVE_SETTINGS}, insert_deduplication_token = ${quoted(token)}`;
      const source = `file(${quoted(path)}, 'Native', ${quoted(structure)})`;
      await orStoreError(
        client.command({
          query: `INSERT INTO ${table} (${names}) SELECT ${names} FROM ${source} SETTINGS ${settings}`,
        }),
      );
    },
    async close() {
      if (closed) return;
      closed = true;
      await client.close();
      session.close();
    },
  };
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** Codes of ClickHouse that mean that the statement is wrong, so that the same statement cannot succeed. */
const REFUSED_CODES = new Set(['16', '26', '27', '36', '43', '46', '47', '53', '60', '62', '81', '117', '164', '497']);

async function orStoreError<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const code = String((cause as { code?: unknown }).code);
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new PipelineError(
      REFUSED_CODES.has(code) ? 'STORE_REFUSED' : 'STORE_UNAVAILABLE',
      `the store answered: ${detail}`,
      {
        cause,
      },
    );
  }
}
