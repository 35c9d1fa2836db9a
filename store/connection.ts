import type { StoreConfig } from './config.js';
import type { EmbeddedOptions } from './embedded-connection.js';
import type { StoreConnection } from './store-connection.js';

export type { InsertBlock, NativeBlock, QueryParams, StoreConnection } from './store-connection.js';

/** Which store to open: a ClickHouse server where `clickhouse` names one, else the embedded engine in its directory. */
export interface StoreOptions extends EmbeddedOptions {
  readonly clickhouse?: StoreConfig['clickhouse'];
}

/**
 * Opens one connection to the store. Only what it takes is loaded: a process whose store is a server does without the engine.
 * @throws {PipelineError} as `openHttpConnection` and `openEmbeddedConnection` do
 */
export async function openStoreConnection(options: StoreOptions): Promise<StoreConnection> {
  const { clickhouse } = options;
  if (clickhouse?.url === undefined) {
    const { openEmbeddedConnection } = await import('./embedded-connection.js');
    return openEmbeddedConnection(options);
  }
  const { openHttpConnection } = await import('./http/connection.js');
  return openHttpConnection({ ...clickhouse, url: clickhouse.url });
}
