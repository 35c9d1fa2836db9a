import { quoted } from './quoted.js';

/** A cluster of ClickHouse, by the name that its servers have for it. */
export interface Cluster {
  readonly name: string;
  /** Of the tables, on each of its servers. */
  readonly database: string;
}

/** How the statements of a migration are filled in for one kind of store. */
export interface TableForm {
  /**
   * Whether tables say by themselves that a part is synced to disk before its insert is answered. The embedded engine has it in
   * its own configuration.
   */
  readonly syncs: boolean;
  /**
   * Where each server holds its share of the rows in a table of its own, named with `_local`, and the table of the plain name
   * is Distributed over these. Undefined where one server has all.
   */
  readonly cluster?: Cluster;
}

/** Tables of the embedded engine. */
export const EMBEDDED_TABLES: TableForm = { syncs: false };

/** Tables of one ClickHouse server. */
export const SERVER_TABLES: TableForm = { syncs: true };

/** Tables of a cluster. */
export function clusterTables(cluster: Cluster): TableForm {
  return { syncs: true, cluster };
}

const LOCAL = '_local';
const WINDOW = 'non_replicated_deduplication_window = 1000';
const SYNCED = 'fsync_after_insert = 1, fsync_part_directory = 1';
/** Also a block that is sent again a day later is dropped: the engine's own limit of time is an hour. */
const REPLICATED_WINDOW = 'replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800';
/** The same for every replica of a shard: a table that is made on one more server finds the others. */
const REPLICA = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'";

const SHARDED = / \{sharded_by:(.+)\}$/m;

/**
 * A statement of a migration as this store takes it, in several where it is a cluster.
 *
 * `{on_cluster}`, `{local}` and `{global}` are empty but on a cluster, and `{engine:X}` is X. A table with `{sharded_by:…}` gets a
 * Distributed one over it there, and a change with `{each}` goes to both, first to the one with the rows.
 */
export function fillIn(sql: string, form: TableForm): readonly string[] {
  const { syncs, cluster } = form;
  if (cluster !== undefined) return forCluster(sql, cluster);
  const filled = sql
    .replace(SHARDED, '')
    .replaceAll(/ \{on_cluster\}| \{global\}|\{local\}|\{each\}/g, '')
    .replaceAll(/\{engine:([^}]+)\}/g, '$1');
  return [syncs ? filled.replaceAll(WINDOW, `${WINDOW}, ${SYNCED}`) : filled];
}

function forCluster(sql: string, cluster: Cluster): readonly string[] {
  const onCluster = `ON CLUSTER ${quoted(cluster.name)}`;
  const filled = sql
    .replace(SHARDED, '')
    .replaceAll('{on_cluster}', onCluster)
    .replaceAll('{global}', 'GLOBAL')
    .replaceAll('{local}', LOCAL)
    .replaceAll(/\{engine:([^}]+)\}/g, (_, engine: string) => replicated(engine))
    .replaceAll(WINDOW, `${WINDOW}, ${REPLICATED_WINDOW}, ${SYNCED}`);
  const key = SHARDED.exec(sql)?.[1];
  const table = /^CREATE TABLE IF NOT EXISTS (\w+)\{local\}/.exec(sql)?.[1];
  if (key !== undefined && table !== undefined) {
    const where = [cluster.name, cluster.database, table + LOCAL].map(quoted).join(', ');
    const over = `CREATE TABLE IF NOT EXISTS ${table} ${onCluster} AS ${table}${LOCAL} ENGINE = Distributed(${where}, ${key})`;
    return [filled, over];
  }
  return filled.includes('{each}') ? [LOCAL, ''].map((suffix) => filled.replaceAll('{each}', suffix)) : [filled];
}

function replicated(engine: string): string {
  const [, name = engine, options] = /^(\w+)\((.+)\)$/.exec(engine) ?? [];
  return `Replicated${name}(${options === undefined ? REPLICA : `${REPLICA}, ${options}`})`;
}

/** The table that holds the rows of this one. */
export function localName(table: string, { cluster }: TableForm): string {
  return cluster === undefined ? table : table + LOCAL;
}

/** What an ALTER names for its change to reach the rows of a table, wherever they are. */
export function alterable(table: string, form: TableForm): string {
  const { cluster } = form;
  return cluster === undefined ? table : `${localName(table, form)} ON CLUSTER ${quoted(cluster.name)}`;
}

/**
 * The parts of the tables, with a condition, for `SELECT … FROM`.
 * @param replicas - on a cluster: of one replica of each shard, or of all of them
 */
export function partsOf({ cluster }: TableForm, replicas: 'one' | 'all'): string {
  if (cluster === undefined) return 'system.parts WHERE database = currentDatabase()';
  const source = replicas === 'one' ? 'cluster' : 'clusterAllReplicas';
  return `${source}(${quoted(cluster.name)}, system.parts) WHERE database = ${quoted(cluster.database)}`;
}
