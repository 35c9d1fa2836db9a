import { createClient, type ClickHouseClient, type ClickHouseClientConfigOptions } from '@clickhouse/client';
import { PipelineError } from '../core/errors.js';
import type { StoreConfig } from './config.js';
import type { QueryParams, StoreConnection } from './store-connection.js';
import { openEngine, type Engine } from './embedded-engine.js';
import { nativeInsert } from './native-insert.js';
import { quoted } from './quoted.js';
import { REFUSED_CODES, toInsertError } from './refused-codes.js';
import { EMBEDDED_TABLES } from './table-form.js';

/** Where the embedded store lies, and how much it may use. */
export interface EmbeddedOptions extends Pick<StoreConfig, 'maxThreads' | 'maxMemoryBytes'> {
  /** The store's own folder: it is made, and nothing else may lie in it. */
  readonly dataDirectory: string;
}

/**
 * Who is behind inserts block after block, and the engine keeps what each of them took. After every block costs 8 % of the CPU at
 * 38,000 spans a second, after every second one nothing that could be measured, and 190 MiB less are kept.
 */
const BLOCKS_A_RELEASE = 2;

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
export async function openEmbeddedConnection(options: EmbeddedOptions): Promise<StoreConnection> {
  const engine = await openEngine(options.dataDirectory, options);
  const connection = toConnection(await connect(engine), engine);
  // Meant to stay on this connection, unlike any other setting.
  await connection.run(`SET max_threads = ${options.maxThreads}`);
  return connection;
}

type ClientConnection = NonNullable<ClickHouseClientConfigOptions['connection']>;

async function connect({ path, session }: Engine): Promise<ClickHouseClient> {
  const { createChdbConnection } = await import('chdb/connection');
  try {
    // The two packages declare one and the same interface twice; a private field keeps the compiler from seeing it.
    const connection = createChdbConnection({ path }) as unknown as ClientConnection;
    return createClient({ connection });
  } catch (cause) {
    session.close();
    throw toStoreError(cause);
  }
}

function toConnection(client: ClickHouseClient, { session }: Engine): StoreConnection {
  let closed = false;
  let releases = true;
  let blocks = 0;
  const releaseMemory = async (): Promise<void> => {
    if (releases) await client.command({ query: 'SYSTEM JEMALLOC PURGE' }).catch(() => (releases = false));
  };
  return {
    tableForm: EMBEDDED_TABLES,
    releaseMemory,
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
      await inserted(
        client.command({ query: `INSERT INTO ${table} SETTINGS ${settings} FORMAT JSONEachRow\n${lines}` }),
      );
    },
    async insertNative({ table, columns, path, token }) {
      const query = nativeInsert(
        { table, columns, path, format: 'Native' },
        `insert_deduplication_token = ${quoted(token)}`,
      );
      await inserted(client.command({ query }));
      blocks += 1;
      if (blocks % BLOCKS_A_RELEASE === 0) await releaseMemory();
    },
    async close() {
      if (closed) return;
      closed = true;
      await client.close();
      session.close();
    },
  };
}

async function orStoreError<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw toStoreError(cause);
  }
}

async function inserted(work: Promise<unknown>): Promise<void> {
  try {
    await orStoreError(work);
  } catch (error) {
    throw toInsertError(error);
  }
}

function toStoreError(cause: unknown): PipelineError {
  const code = String((cause as { code?: unknown }).code);
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new PipelineError(
    REFUSED_CODES.has(code) ? 'STORE_REFUSED' : 'STORE_UNAVAILABLE',
    `the store answered: ${detail}`,
    { cause },
  );
}
