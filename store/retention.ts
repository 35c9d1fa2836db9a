import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import type { Counter } from '../core/metrics.js';
import type { StoreConfig } from './config.js';
import type { StoreConnection } from './connection.js';
import { alterable, localName, partsOf } from './table-form.js';

const DAY_MS = 86_400_000;
const SWEEP_EVERY_MS = 3_600_000;

/**
 * A span's own time may be a week from the bus time of its trace, either way. So the ledger keeps a trace for more than a
 * week longer: it never forgets one whose spans are there, which would then look undecided.
 */
const LEDGER_EXTRA_DAYS = 8;

interface AgingTable {
  readonly table: string;
  readonly extraDays: number;
  /** Days that one partition spans. */
  readonly days: number;
}

const AGING: readonly AgingTable[] = [
  { table: 'otel_traces', extraDays: 0, days: 1 },
  { table: 'otel_logs', extraDays: 0, days: 1 },
  { table: 'otel_traces_trace_id_ts', extraDays: 0, days: 7 },
  { table: 'assay_decisions', extraDays: LEDGER_EXTRA_DAYS, days: 1 },
  { table: 'assay_verdicts', extraDays: LEDGER_EXTRA_DAYS, days: 1 },
  { table: 'assay_spend', extraDays: LEDGER_EXTRA_DAYS, days: 1 },
];

export interface RetentionDeps {
  readonly connection: StoreConnection;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly droppedRows: Counter<'table'>;
}

/** Drops whole partitions by age, once an hour. */
export class Retention {
  #sweptAtMs = -Infinity;

  constructor(
    private readonly options: StoreConfig['retention'],
    private readonly deps: RetentionDeps,
  ) {}

  async sweepWhenDue(): Promise<void> {
    const { clock, logger } = this.deps;
    if (this.options.days === 0 || clock.nowMs() - this.#sweptAtMs < SWEEP_EVERY_MS) return;
    this.#sweptAtMs = clock.nowMs();
    try {
      await this.#sweep();
    } catch (error) {
      logger.warn({ error }, 'old partitions could not be dropped from the store; it is tried again in an hour');
    }
  }

  async #sweep(): Promise<void> {
    const { connection, clock, logger, droppedRows } = this.deps;
    const todayMs = Math.floor(clock.nowMs() / DAY_MS) * DAY_MS;
    const before = (extraDays: number): number => todayMs - (this.options.days + extraDays) * DAY_MS;
    const old = (await partitions(connection)).filter((partition) => {
      const { extraDays, days } = partition.of;
      return partition.firstDayMs + days * DAY_MS <= before(extraDays);
    });
    if (old.length === 0) return;
    // First, because what is counted by its spans is counted by its decision once they are gone.
    await connection.insert({
      table: 'assay_retention',
      lines: JSON.stringify({ before: dayOf(before(0)), at: (clock.nowMs() / 1_000).toFixed(3) }),
      token: `retention:${dayOf(before(0))}`,
    });
    for (const { of, id, rows } of old) {
      await connection.run(`ALTER TABLE ${alterable(of.table, connection.tableForm)} DROP PARTITION ID '${id}'`);
      droppedRows.add(rows, { table: of.table });
      logger.info(
        { table: of.table, partition: id, rows },
        'dropped a partition that is older than store.retention.days',
      );
    }
  }
}

interface Partition {
  readonly of: AgingTable;
  readonly id: string;
  readonly rows: number;
  readonly firstDayMs: number;
}

async function partitions(connection: StoreConnection): Promise<readonly Partition[]> {
  const { tableForm } = connection;
  const rows = await connection.rows<{ table: string; id: string; rows: number }>(
    `SELECT table, partition_id AS id, sum(rows) AS rows FROM ${partsOf(tableForm, 'one')}
     AND active AND match(partition_id, '^[0-9]{8}$') GROUP BY table, id ORDER BY id, table`,
  );
  return rows.flatMap(({ table, id, rows: count }) => {
    const of = AGING.find((aging) => localName(aging.table, tableForm) === table);
    const firstDayMs = Date.parse(`${id.slice(0, 4)}-${id.slice(4, 6)}-${id.slice(6)}T00:00:00Z`);
    return of === undefined ? [] : [{ of, id, rows: count, firstDayMs }];
  });
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
