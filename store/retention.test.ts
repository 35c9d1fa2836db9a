import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../core/clock.js';
import { silentLogger } from '../core/logger.js';
import { TENANT_HEADER } from '../core/log.js';
import { openStoreConnection, type StoreConnection } from './connection.js';
import { createStoreReader, type StoreReader } from './reader.js';
import { Retention } from './retention.js';
import { decisionOn, jsonRecord, spansRecord, spendOf, TENANT, traceIdOf, verdictOn } from './samples.test-support.js';
import { writeRecords } from './write-records.test-support.js';
import { openTestStore, STORES, type TestStore } from './stores.test-support.js';
import { alterable } from './table-form.js';

const signal = new AbortController().signal;
const DAY_MS = 86_400_000;
const NOW_MS = Date.parse('2026-03-18T12:00:00Z');
const TABLES = [
  'otel_traces',
  'otel_traces_trace_id_ts',
  'assay_decisions',
  'assay_verdicts',
  'assay_spend',
  'assay_retention',
];

describe.each(STORES)('retention (%s)', (kind) => {
  let store: TestStore;
  let connection: StoreConnection;
  let reader: StoreReader;
  let dropped: Map<string, number>;

  beforeAll(async () => {
    store = await openTestStore(kind);
    connection = await openStoreConnection(store.options);
    reader = createStoreReader(store.options);
    await reader.start(signal);
  });

  beforeEach(async () => {
    for (const table of TABLES) await connection.run(`TRUNCATE TABLE ${alterable(table, connection.tableForm)}`);
    dropped = new Map();
  });

  afterAll(async () => {
    await reader.stop(signal);
    await connection.close();
    await store.close();
  });

  /** A judged trace of so many days ago. */
  async function keep(days: number): Promise<void> {
    const id = traceIdOf(days);
    const startMs = NOW_MS - days * DAY_MS;
    const decision = decisionOn(id, { firstSeenMs: startMs, lastSeenMs: startMs, decidedAtMs: startMs });
    const records = [
      spansRecord(id, { startMs }),
      jsonRecord('decisions', id, decision),
      jsonRecord('verdicts', id, verdictOn(decision)),
      jsonRecord('spend', id, spendOf(`call-${days}`, { atMs: startMs })),
    ];
    for (const record of records) {
      const stored = {
        ...record,
        headers: { [TENANT_HEADER]: TENANT },
        partition: 0,
        offset: 0,
        acceptedAtMs: startMs,
      };
      await writeRecords(connection, [stored], String(days));
    }
  }

  async function sweep(days: number, clock: Clock = { ...systemClock, nowMs: () => NOW_MS }): Promise<Retention> {
    const droppedRows = {
      add: (rows: number, labels?: { table: string }) => {
        const table = labels?.table ?? '';
        dropped.set(table, rows + (dropped.get(table) ?? 0));
      },
    };
    const retention = new Retention({ days }, { connection, clock, logger: silentLogger, droppedRows });
    await retention.sweepWhenDue();
    return retention;
  }

  /** The ages in days of what a table holds. */
  async function ages(table: string, time: string): Promise<readonly number[]> {
    const rows = await connection.rows<{ age: number }>(
      `SELECT DISTINCT dateDiff('day', toDate(${time}), toDate('2026-03-18')) AS age FROM ${table} ORDER BY age`,
    );
    return rows.map(({ age }) => age);
  }

  it('drops whole days that are past the limit, and the ledger a week and a day later', async () => {
    for (const days of [0, 29, 30, 31, 38, 39]) await keep(days);
    await sweep(30);
    expect(await ages('otel_traces', 'Timestamp')).toEqual([0, 29, 30]);
    for (const [table, time] of [
      ['assay_decisions', 'first_seen_at'],
      ['assay_verdicts', 'decided_at'],
      ['assay_spend', 'at'],
    ] as const) {
      expect(await ages(table, time)).toEqual([0, 29, 30, 31, 38]);
    }
    expect(Object.fromEntries(dropped)).toMatchObject({
      otel_traces: 6,
      assay_decisions: 1,
      assay_verdicts: 1,
      assay_spend: 1,
    });
  });

  it('keeps what the ledger says adding up when the spans of a trace are gone and its decision is not', async () => {
    for (const days of [0, 29, 35, 38, 60]) await keep(days);
    await sweep(30);
    const coverage = await reader.coverage();
    expect(coverage).toMatchObject({ received: 4, judged: 4, open: 0 });
    expect(await reader.resolveTrace(traceIdOf(35))).toEqual({ tenant: TENANT, traceId: traceIdOf(35) });
  });

  it('keeps the week of a trace id until all its days are past the limit', async () => {
    for (const days of [10, 30, 36, 45]) await keep(days);
    await sweep(30);
    expect(await ages('otel_traces_trace_id_ts', 'Start')).toEqual([10, 30]);
  });

  it('keeps everything when it is set to 0', async () => {
    await keep(4_000);
    await sweep(0);
    expect(await ages('otel_traces', 'Timestamp')).toEqual([4_000]);
  });

  it('looks once an hour', async () => {
    let nowMs = NOW_MS;
    const retention = await sweep(30, { ...systemClock, nowMs: () => nowMs });
    await keep(50);
    await retention.sweepWhenDue();
    expect(await ages('otel_traces', 'Timestamp')).toEqual([50]);
    nowMs += 3_600_000;
    await retention.sweepWhenDue();
    expect(await ages('otel_traces', 'Timestamp')).toEqual([]);
  });
});
