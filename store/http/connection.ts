import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { type Clock, systemClock } from '../../core/clock.js';
import { PipelineError } from '../../core/errors.js';
import type { QueryParams, StoreConnection } from '../store-connection.js';
import { clusterTables, SERVER_TABLES } from '../table-form.js';
import { toInsertError } from '../refused-codes.js';
import { createServerClient, type Server } from './client.js';
import { clusterSettings, refuseOtherCluster } from './cluster.js';
import { toServerError } from './server-error.js';

/** Tries of what can be repeated, in one call. Whoever calls goes on from there, and waits longer. */
const TRIES = 3;
const FIRST_WAIT_MS = 200;

/** The answer comes when the statement is done, so that its status is the statement's. */
const WHOLE: ClickHouseSettings = { wait_end_of_query: 1, async_insert: 0 };

/** Of a statement that may take long: what is on the way does not take the silence for an end. */
const LONG: ClickHouseSettings = {
  ...WHOLE,
  send_progress_in_http_headers: 1,
  http_headers_progress_interval_ms: '10000',
};

/** Answers are read in the same way whatever the profile of the user says. */
const READ: ClickHouseSettings = { ...WHOLE, output_format_json_quote_64bit_integers: 0, join_use_nulls: 0 };

/** One block, and one part a day, of all that comes in one request; see `native-insert.ts`. */
const INSERT: ClickHouseSettings = {
  ...WHOLE,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  insert_deduplicate: 1,
  input_format_parallel_parsing: 0,
  max_insert_threads: '1',
  min_insert_block_size_rows: '1000000000',
  min_insert_block_size_bytes: '0',
};

const LINES: ClickHouseSettings = {
  ...INSERT,
  // Text that was cut in the middle of a pair of surrogates must not hold up its whole block.
  input_format_json_throw_on_bad_escape_sequence: 0,
  precise_float_parsing: 1,
};

/**
 * Opens a connection to a ClickHouse server, and sees that it lets the user in.
 *
 * Reads and inserts are tried again by themselves, a little; an insert that may have happened has the same rows and the same
 * deduplication token then, and the server drops what it has.
 * @throws {PipelineError} STORE_UNAVAILABLE, STORE_REFUSED, CONFIG_INVALID, each one sentence
 */
export async function openHttpConnection(server: Server, clock: Clock = systemClock): Promise<StoreConnection> {
  const client = await createServerClient(server);
  const connection = toConnection(client, { server, clock });
  try {
    await refuseOtherTimes(connection, server);
    await refuseOtherCluster(connection, server);
    return connection;
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** Partitions are days of the server, and retention drops days of UTC. */
async function refuseOtherTimes(connection: StoreConnection, { url }: Server): Promise<void> {
  const [row] = await connection.rows<{ zone: string }>('SELECT timezone() AS zone');
  const zone = row?.zone ?? '';
  if (/^(Etc\/)?(UTC|UCT|GMT|Universal|Zulu)$/.test(zone)) return;
  throw new PipelineError(
    'STORE_REFUSED',
    `expected ClickHouse at ${url} to have the time zone UTC, whose days its tables are cut by, got ${JSON.stringify(zone)}; set <timezone>UTC</timezone> in its configuration`,
  );
}

interface ConnectionContext {
  readonly server: Server;
  readonly clock: Clock;
}

function toConnection(client: ClickHouseClient, { server, clock }: ConnectionContext): StoreConnection {
  let closed = false;
  const { cluster, database } = server;
  const { reads, writes } = clusterSettings(server);
  const once = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      throw toServerError(cause, server);
    }
  };
  const repeated = <T>(work: () => Promise<T>): Promise<T> => withRetries(() => once(work), clock);
  const put = (query: string, toBody: () => Readable, settings: ClickHouseSettings): Promise<void> => {
    const all = { ...settings, ...writes };
    return withRetries(
      () => orRowsRefused(once(() => insert(client, { query, body: toBody(), settings: all }))),
      clock,
    );
  };
  return {
    tableForm: cluster === undefined ? SERVER_TABLES : clusterTables({ name: cluster, database }),
    async releaseMemory() {},
    async run(sql, params = {}) {
      const settings = { ...LONG, ...reads, ...writes };
      await once(() => client.command({ query: sql, query_params: { ...params }, clickhouse_settings: settings }));
    },
    rows: <Row>(sql: string, params: QueryParams = {}) =>
      repeated(async () => {
        const asked = { query: sql, query_params: { ...params }, clickhouse_settings: { ...READ, ...reads } };
        const result = await client.query({ ...asked, format: 'JSONEachRow' });
        return result.json<Row>();
      }),
    async insert({ table, lines, token }) {
      if (lines === '') return;
      const query = `INSERT INTO ${table} FORMAT JSONEachRow`;
      const bytes = Buffer.from(lines);
      await put(query, () => Readable.from([bytes]), { ...LINES, insert_deduplication_token: token });
    },
    async insertNative({ table, columns, path, token }) {
      const names = columns.map(([name]) => `\`${name}\``).join(', ');
      const query = `INSERT INTO ${table} (${names}) FORMAT Native`;
      await put(query, () => createReadStream(path), { ...INSERT, insert_deduplication_token: token });
    },
    async close() {
      if (closed) return;
      closed = true;
      await client.close();
    },
  };
}

async function orRowsRefused(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw toInsertError(error);
  }
}

interface Insert {
  readonly query: string;
  readonly body: Readable;
  readonly settings: ClickHouseSettings;
}

async function insert(client: ClickHouseClient, { query, body, settings }: Insert): Promise<void> {
  try {
    const { stream } = await client.exec({ query, values: body, clickhouse_settings: settings });
    // Its end is the end of the request, whose socket is free then. There is nothing in it.
    stream.resume();
    await finished(stream);
  } finally {
    body.destroy();
  }
}

async function withRetries<T>(work: () => Promise<T>, clock: Clock): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const canHelp = error instanceof PipelineError && error.disposition === 'retry';
      if (!canHelp || attempt === TRIES) throw error;
      await clock.sleep(FIRST_WAIT_MS * 2 ** (attempt - 1));
    }
  }
}
