import { type Clock, systemClock } from '../core/clock.js';
import type { StoreConnection } from './store-connection.js';

const TRIES = 8;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 1_000;

/**
 * Runs a statement of a migration, also where other processes of Assay migrate the same empty server at this moment: what one
 * of them is just making is there for another's `IF NOT EXISTS`, and not yet for a view that reads it.
 * @throws {PipelineError} as `run` does; where a table is missing, when it is so for some seconds
 */
export async function runBesideOthers(
  connection: Pick<StoreConnection, 'run'>,
  statement: string,
  clock: Clock = systemClock,
): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    try {
      await connection.run(statement);
      return;
    } catch (error) {
      if (tried === TRIES || !isTableMissing(error)) throw error;
    }
    await clock.sleep(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (tried - 1)));
  }
}

/** As ClickHouse names it. */
function isTableMissing(error: unknown): boolean {
  const cause = error instanceof Error ? (error.cause as { readonly type?: unknown } | undefined) : undefined;
  return cause?.type === 'UNKNOWN_TABLE';
}
