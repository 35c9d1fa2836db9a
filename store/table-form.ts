/** How the statements of a migration are filled in for one kind of store. */
export interface TableForm {
  /**
   * Whether tables say by themselves that a part is synced to disk before its insert is answered. The embedded engine has it in
   * its own configuration.
   */
  readonly syncs: boolean;
}

/** Tables of the embedded engine. */
export const EMBEDDED_TABLES: TableForm = { syncs: false };

/** Tables of one ClickHouse server. */
export const SERVER_TABLES: TableForm = { syncs: true };

const WINDOW = 'non_replicated_deduplication_window = 1000';
const SYNCED = 'fsync_after_insert = 1, fsync_part_directory = 1';

/** A statement of a migration as this store takes it: `{on_cluster}` is empty and `{engine:X}` is X. */
export function fillIn(sql: string, { syncs }: TableForm): string {
  const filled = sql.replaceAll(' {on_cluster}', '').replaceAll(/\{engine:([^}]+)\}/g, '$1');
  return syncs ? filled.replaceAll(WINDOW, `${WINDOW}, ${SYNCED}`) : filled;
}
