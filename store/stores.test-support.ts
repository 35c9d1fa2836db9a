import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type StoreConfig, storeConfig } from './config.js';
import type { StoreOptions } from './connection.js';
import { createStoreServer, type StoreServer } from './serve/store-server.js';

/** The stores that everything of the store runs on. The cluster has one shard, which is all that the embedded engine can be. */
export const STORES = ['embedded', 'behind HTTP', 'a cluster'] as const;
export type StoreKind = (typeof STORES)[number];

/** An empty store. */
export interface TestStore {
  /** Which one it is, for settings that are otherwise a test's own. */
  readonly place: Pick<StoreOptions & StoreConfig, 'dataDirectory' | 'clickhouse'>;
  /** The same with all defaults. */
  readonly options: StoreConfig & StoreOptions;
  /** Folder of the engine's files. */
  readonly files: string;
  /** Where there is one. */
  readonly server: StoreServer | undefined;
  /** After all connections are closed. */
  close(): Promise<void>;
}

export async function openTestStore(kind: StoreKind): Promise<TestStore> {
  const root = await mkdtemp(join(tmpdir(), 'assay-store-'));
  const cluster = kind === 'a cluster' ? { cluster: 'assay-test_1' } : {};
  const server = kind === 'embedded' ? undefined : await startTestServer(join(root, 'server'), cluster);
  const defaults = storeConfig.parse(server === undefined ? {} : { clickhouse: { url: server.url, ...cluster } });
  const place = { dataDirectory: join(root, 'own'), clickhouse: defaults.clickhouse };
  return {
    place,
    options: { ...defaults, ...place },
    files: server === undefined ? place.dataDirectory : join(root, 'server'),
    server,
    async close() {
      await server?.stop(AbortSignal.timeout(10_000));
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** A server on a port that is free; it lets `default` in without a password. */
export async function startTestServer(
  dataDirectory: string,
  more: {
    readonly cluster?: string;
    readonly username?: string;
    readonly password?: string;
    readonly slowMs?: number;
  } = {},
): Promise<StoreServer> {
  const server = createStoreServer({
    ...{ dataDirectory, maxMemoryBytes: storeConfig.parse({}).maxMemoryBytes },
    ...{ host: '127.0.0.1', port: 0, username: 'default', password: '', slowMs: 0, ...more },
  });
  await server.start(AbortSignal.timeout(30_000));
  return server;
}
