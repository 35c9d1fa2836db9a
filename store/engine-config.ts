import type { StoreConfig } from './config.js';

const MEBIBYTE = 1024 * 1024;

/** What an engine may use. */
export interface EngineOptions extends Pick<StoreConfig, 'maxMemoryBytes'> {
  /** Name of a cluster that this engine alone is, for tests; it has none when this is left out. */
  readonly cluster?: string;
}

type Settings = Readonly<Record<string, number | string>>;

/** Of every table. An offset on the bus moves only after its rows are on disk. */
const TABLES: Settings = {
  fsync_after_insert: 1,
  fsync_part_directory: 1,
  // A part in one file takes a tenth of the buffers of one with a file for each column, at insert and at merge.
  min_bytes_for_wide_part: 32 * MEBIBYTE,
};

/**
 * The embedded engine's configuration file: small caches, few threads, synced parts.
 *
 * The defaults are a server's, with caches of 5 GiB each, which a sidecar must not grow into.
 */
export function engineConfigXml(options: EngineOptions): string {
  const server: Settings = {
    max_server_memory_usage: options.maxMemoryBytes,
    mark_cache_size: 16 * MEBIBYTE,
    primary_index_cache_size: 16 * MEBIBYTE,
    index_mark_cache_size: 8 * MEBIBYTE,
    uncompressed_cache_size: 0,
    query_condition_cache_size: 4 * MEBIBYTE,
    compiled_expression_cache_size: 8 * MEBIBYTE,
    max_thread_pool_size: 200,
    max_thread_pool_free_size: 8,
    background_pool_size: 2,
    background_merges_mutations_concurrency_ratio: 1,
  };
  return `<clickhouse>\n${toXml(server)}<merge_tree>\n${toXml(TABLES)}</merge_tree>\n${clusterXml(options.cluster)}</clickhouse>\n`;
}

/** One shard with one replica, whose address is what the engine takes for its own; nothing listens there. */
function clusterXml(name: string | undefined): string {
  if (name === undefined) return '';
  const replica = toXml({ host: 'localhost', port: 9000 });
  const shard = `<shard>\n<internal_replication>true</internal_replication>\n<replica>\n${replica}</replica>\n</shard>\n`;
  return `<tcp_port>9000</tcp_port>\n<remote_servers>\n<${name}>\n${shard}</${name}>\n</remote_servers>\n<macros>\n${toXml({ shard: '1', replica: '1' })}</macros>\n`;
}

function toXml(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => `<${name}>${value}</${name}>\n`)
    .join('');
}
