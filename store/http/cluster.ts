import type { ClickHouseSettings } from '@clickhouse/client';
import { PipelineError } from '../../core/errors.js';
import type { StoreConnection } from '../store-connection.js';
import type { Server } from './client.js';

/** By how much a cluster gives up sooner than the connection, so that it is the cluster that says why. */
const SOONER_MS = 5_000;

/** What goes with statements for a cluster. */
export interface ClusterSettings {
  readonly reads: ClickHouseSettings;
  readonly writes: ClickHouseSettings;
}

const NONE: ClusterSettings = { reads: {}, writes: {} };

/** Settings by which statements on Distributed tables do what they do on one server; none where there is one server. */
export function clusterSettings(server: Server): ClusterSettings {
  const { cluster, insertQuorum, sequentialReads, requestTimeoutMs } = server;
  if (cluster === undefined) return NONE;
  const waitMs = Math.max(1_000, requestTimeoutMs - SOONER_MS);
  return {
    reads: {
      // A subquery is about the rows of all shards, also when shards were added and a trace lies on two of them.
      distributed_product_mode: 'global',
      optimize_skip_unused_shards: 0,
      // Half of an answer would look like a whole one.
      skip_unavailable_shards: 0,
      select_sequential_consistency: sequentialReads ? '1' : '0',
    },
    writes: {
      // The answer comes when the shards have the rows, and not when the first server has put them into a queue.
      distributed_foreground_insert: 1,
      parallel_distributed_insert_select: '0',
      insert_quorum: String(insertQuorum),
      insert_quorum_parallel: sequentialReads ? 0 : 1,
      insert_quorum_timeout: waitMs,
      distributed_ddl_task_timeout: String(Math.floor(waitMs / 1_000)),
      distributed_ddl_output_mode: 'throw',
    },
  };
}

/**
 * Sees that the server knows the cluster, and its own place in it.
 * @throws {PipelineError} STORE_REFUSED
 */
export async function refuseOtherCluster(connection: StoreConnection, { url, cluster }: Server): Promise<void> {
  if (cluster === undefined) return;
  const clusters = await connection.rows<{ name: string }>('SELECT DISTINCT cluster AS name FROM system.clusters');
  if (!clusters.some(({ name }) => name === cluster)) {
    const known = clusters.map(({ name }) => name).join(', ');
    throw refused(
      `expected ClickHouse at ${url} to know the cluster "${cluster}", got ${known === '' ? 'none' : known}; correct store.clickhouse.cluster, or define it under <remote_servers>`,
    );
  }
  const macros = await connection.rows<{ macro: string }>('SELECT macro FROM system.macros');
  const missing = ['shard', 'replica'].filter((name) => !macros.some(({ macro }) => macro === name));
  if (missing.length === 0) return;
  throw refused(
    `expected ClickHouse at ${url} to have the macros shard and replica, which its replicated tables are named by, got no ${missing.join(' and no ')}; set them under <macros> on each server of "${cluster}"`,
  );
}

function refused(message: string): PipelineError {
  return new PipelineError('STORE_REFUSED', message);
}
