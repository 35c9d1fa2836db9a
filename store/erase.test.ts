import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Coverage } from '../core/ledger-outcome.js';
import { systemClock } from '../core/clock.js';
import type { Decision } from '../core/decision.js';
import { type LogRecord, TENANT_HEADER } from '../core/log.js';
import { silentLogger } from '../core/logger.js';
import { noMetrics } from '../core/metrics.js';
import type { Span } from '../core/span.js';
import type { Trajectory } from '../core/trajectory.js';
import { storeConfig } from './config.js';
import { openStoreConnection, type StoreConnection } from './connection.js';
import { MemoryLog, MemoryState } from './memory-bus.test-support.js';
import { createStoreReader, type StoreReader } from './reader.js';
import {
  decisionOn,
  jsonRecord,
  labelOn,
  spansRecord,
  spendOf,
  TENANT,
  traceIdOf,
  verdictOn,
} from './samples.test-support.js';
import { createWriter, type Writer } from './writer.js';
import { openTestStore, STORES, type TestStore } from './stores.test-support.js';
import { alterable } from './table-form.js';

const signal = new AbortController().signal;
const TABLES = [
  'otel_traces',
  'otel_logs',
  'assay_decisions',
  'assay_verdicts',
  'assay_labels',
  'assay_spend',
  'assay_erasures',
];
/** Text that compression leaves as it is, since none of it repeats. */
const SECRET = 'Qx7vKz0wJp3Ym9Rf';

describe.each(STORES)('erase (%s)', (kind) => {
  let store: TestStore;
  let connection: StoreConnection;
  let reader: StoreReader;
  let log: MemoryLog;
  let writer: Writer;

  beforeAll(async () => {
    store = await openTestStore(kind);
    connection = await openStoreConnection(store.options);
    reader = createStoreReader(store.options);
    await reader.start(signal);
  });

  beforeEach(async () => {
    for (const table of TABLES) await connection.run(`TRUNCATE TABLE ${alterable(table, connection.tableForm)}`);
    log = new MemoryLog(2);
    writer = await startWriter();
  });

  afterEach(async () => {
    await writer.stop(signal);
  });

  afterAll(async () => {
    await reader.stop(signal);
    await connection.close();
    await store.close();
  });

  async function startWriter(connect = openStoreConnection): Promise<Writer> {
    const made = createWriter(
      { ...storeConfig.parse({ flushMs: 10, retention: { days: 0 } }), ...store.place },
      {
        log,
        connect,
        state: new MemoryState(),
        clock: systemClock,
        logger: silentLogger,
        metrics: noMetrics,
        readTrajectory(spans: readonly Span[]) {
          const session = spans[0]?.resource.get('session');
          return { sessionId: typeof session === 'string' ? session : '' } as Trajectory;
        },
      },
    );
    await made.start(signal);
    return made;
  }

  async function written(): Promise<void> {
    await vi.waitFor(
      async () => {
        for (const topic of ['spans', 'logs', 'decisions', 'verdicts', 'labels', 'spend'] as const)
          expect(await log.lag(topic, 'write')).toBe(0);
      },
      { timeout: 60_000, interval: 5 },
    );
  }

  function json(
    topic: 'decisions' | 'verdicts' | 'labels' | 'judgements' | 'spend',
    key: string,
    value: unknown,
  ): LogRecord {
    return { ...jsonRecord(topic, key, value), headers: { [TENANT_HEADER]: TENANT } };
  }

  /** A trace with text in every place that has one. */
  function judged(n: number, changes: Partial<Decision> = {}): readonly LogRecord[] {
    const id = traceIdOf(n);
    const finding = { check: 'loop', severity: 'note', message: `loops on ${SECRET}`, spanId: '' } as const;
    const decision = decisionOn(id, { sessionId: `s-${n}`, userId: `u-${n}`, findings: [finding], ...changes });
    const verdict = verdictOn(decision, {
      outcome: n % 2 === 0 ? 'pass' : 'fail',
      explanation: `because of ${SECRET}`,
      quotes: [SECRET],
    });
    return [
      spansRecord(id, { session: SECRET }),
      json('decisions', id, decision),
      json('judgements', id, { decision, evidence: SECRET }),
      json('verdicts', id, verdict),
      json('labels', id, labelOn(decision, { comment: `it said ${SECRET}` })),
      json('spend', id, spendOf(`call-${n}`, { traceId: id })),
    ];
  }

  async function number(sql: string): Promise<number> {
    const [row] = await connection.rows<{ n: number }>(sql);
    return row!.n;
  }

  function filesWith(text: string, folder = store.files): readonly string[] {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isSymbolicLink()) return [];
      if (statSync(path).isDirectory()) return filesWith(text, path);
      return readFileSync(path).includes(text) ? [path] : [];
    });
  }

  interface Numbers {
    readonly cells: unknown;
    readonly coverage: Coverage;
    readonly spend: unknown;
  }

  async function numbers(): Promise<Numbers> {
    return { cells: await reader.releaseCells(), coverage: await reader.coverage(), spend: await reader.spend() };
  }

  it('takes the dead letters of a trace too, and no others', async () => {
    for (const n of [1, 2]) await log.append([...judged(n), json('decisions', traceIdOf(n), { broken: SECRET })]);
    await written();
    expect(log.records.get('dead-letters')).toHaveLength(2);
    await writer.erase({ by: 'trace', value: traceIdOf(1), dryRun: false });
    expect(log.records.get('dead-letters')!.map(({ key }) => key)).toEqual([traceIdOf(2)]);
  });

  it('takes the content of one trace from store and bus, and changes no number of the report', async () => {
    for (const n of [1, 2, 3]) await log.append(judged(n));
    await written();
    const before = await numbers();
    const erased = await writer.erase({ by: 'trace', value: traceIdOf(1), dryRun: false });
    expect(erased).toEqual({
      traces: [{ tenant: TENANT, traceId: traceIdOf(1) }],
      openTraces: 0,
      spans: 2,
      logs: 0,
      decisions: 1,
      verdicts: 1,
      labels: 1,
      busRecords: 5,
    });
    expect(await numbers()).toEqual(before);
    expect(await reader.spansOf(TENANT, traceIdOf(1))).toEqual([]);
    expect(await reader.spansOf(TENANT, traceIdOf(2))).toHaveLength(2);
    const decision = await reader.decisionOf(TENANT, traceIdOf(1));
    expect(decision).toMatchObject({ sessionId: '', userId: '', reason: 'erased', outcome: 'selected', pi: 0.08 });
    expect(decision?.findings).toEqual([{ check: 'loop', severity: 'note', message: '', spanId: '' }]);
    const [verdict] = await reader.verdictsOf(TENANT, traceIdOf(1), 1);
    expect(verdict).toMatchObject({ outcome: 'fail', votes: [], quotes: [], explanation: '', reason: 'erased' });
    const [other] = await reader.verdictsOf(TENANT, traceIdOf(2), 1);
    expect(other?.quotes).toEqual([SECRET]);
    expect(await reader.resolveTrace(traceIdOf(1))).toEqual({ tenant: TENANT, traceId: traceIdOf(1) });
  });

  it('leaves no byte of the text in the files of the store', async () => {
    await log.append([spansRecord(traceIdOf(1), { session: SECRET })]);
    await log.append(judged(1).slice(1));
    await written();
    await log.append([spansRecord(traceIdOf(2))]);
    await written();
    expect(filesWith(SECRET).length).toBeGreaterThan(1);
    await writer.erase({ by: 'trace', value: traceIdOf(1), dryRun: false });
    expect(filesWith(SECRET)).toEqual([]);
    expect(await number('SELECT count() AS n FROM otel_traces')).toBe(2);
  });

  it('only counts in a dry run', async () => {
    await log.append(judged(1));
    await written();
    const counted = await writer.erase({ by: 'trace', value: traceIdOf(1).slice(0, 32), dryRun: true });
    expect(counted).toMatchObject({ spans: 2, decisions: 1, verdicts: 1, busRecords: null });
    expect(await number('SELECT count() AS n FROM assay_erasures')).toBe(0);
    expect(await reader.spansOf(TENANT, traceIdOf(1))).toHaveLength(2);
  });

  it('finds nothing to do the second time, and says that a trace is unknown that never was', async () => {
    await log.append(judged(1));
    await written();
    await writer.erase({ by: 'session', value: 's-1', dryRun: false });
    const again = await writer.erase({ by: 'session', value: 's-1', dryRun: false });
    expect(again).toMatchObject({ spans: 0, logs: 0, decisions: 0, verdicts: 0, busRecords: 0 });
    expect(again.traces).toHaveLength(1);
    for (const [by, value] of [
      ['trace', traceIdOf(9)],
      ['session', 'nobody'],
      ['user', 's-1'],
    ] as const) {
      await expect(writer.erase({ by, value, dryRun: false })).rejects.toMatchObject({ code: 'TRACE_UNKNOWN' });
    }
  });

  it('does not bring content back that comes again, also after a restart, and takes it from the bus', async () => {
    await log.append(judged(1));
    await written();
    await writer.erase({ by: 'user', value: 'u-1', dryRun: false });
    await writer.stop(signal);
    writer = await startWriter();
    await log.append([
      ...judged(1),
      json('decisions', traceIdOf(1), decisionOn(traceIdOf(1), { version: 2, outcome: 'sampled_out' })),
    ]);
    await log.append(judged(2));
    await written();
    await writer.stop(signal);
    expect(await reader.spansOf(TENANT, traceIdOf(1))).toEqual([]);
    expect(await reader.decisionOf(TENANT, traceIdOf(1))).toMatchObject({ version: 1, reason: 'erased', userId: '' });
    expect((await reader.verdictsOf(TENANT, traceIdOf(1), 1)).map(({ explanation }) => explanation)).toEqual(['']);
    expect(await reader.spansOf(TENANT, traceIdOf(2))).toHaveLength(2);
    const left = [...log.records.values()].flat().filter(({ key }) => key === traceIdOf(1));
    expect(new Set(left.map(({ topic }) => topic))).toEqual(new Set(['spend']));
  });

  it('leaves the same trace id of another tenant alone, and asks which is meant', async () => {
    await log.append(judged(1));
    await log.append([spansRecord(traceIdOf(1), { tenant: 'other' })]);
    await written();
    await expect(writer.erase({ by: 'trace', value: traceIdOf(1), dryRun: false })).rejects.toMatchObject({
      code: 'TRACE_UNKNOWN',
      message: expect.stringContaining('--tenant') as string,
    });
    await writer.erase({ by: 'trace', value: traceIdOf(1), tenant: TENANT, dryRun: false });
    expect(await reader.spansOf('other', traceIdOf(1))).toHaveLength(2);
    expect(log.records.get('spans')?.map(({ headers }) => headers[TENANT_HEADER])).toEqual(['other']);
  });

  it('finds the open traces of a session by their spans, and gives them an outcome of their own', async () => {
    await log.append([
      spansRecord(traceIdOf(1), { session: 'mine' }),
      spansRecord(traceIdOf(2), { session: 'mine too' }),
    ]);
    await log.append(judged(3));
    await written();
    const before = await reader.coverage();
    expect(before).toMatchObject({ received: 3, open: 2, excluded: 0 });
    expect(await writer.erase({ by: 'session', value: 'mine', dryRun: false })).toMatchObject({
      openTraces: 1,
      spans: 2,
    });
    expect(await reader.coverage()).toMatchObject({ received: 3, open: 1, excluded: 1 });
    expect(await reader.decisionOf(TENANT, traceIdOf(1))).toMatchObject({
      version: 0,
      outcome: 'excluded',
      service: 'refunds',
    });
    await log.append([json('decisions', traceIdOf(1), decisionOn(traceIdOf(1), { outcome: 'sampled_out' }))]);
    await written();
    expect(await reader.coverage()).toMatchObject({ received: 3, open: 1, excluded: 0, sampled_out: 1 });
  });

  it('counts a trace that waits for its judge as unanswered, until an answer that was under way comes', async () => {
    const [spans, decision] = judged(1);
    await log.append([spans!, decision!]);
    await written();
    expect(await reader.coverage()).toMatchObject({ pending: 1 });
    await writer.erase({ by: 'trace', value: traceIdOf(1), dryRun: false });
    expect(await reader.coverage()).toMatchObject({ received: 1, pending: 0, abstained: 1 });
    await log.append(judged(1).slice(3));
    await written();
    expect(await reader.coverage()).toMatchObject({ received: 1, abstained: 0, judged: 1 });
  });

  it('writes the decisions and verdicts that lay on the bus before it erases them there', async () => {
    await writer.stop(signal);
    await log.append(judged(1));
    writer = await startWriter();
    await writer.erase({ by: 'trace', value: traceIdOf(1), dryRun: false });
    expect(await reader.coverage()).toMatchObject({ received: 1, judged: 1 });
    expect((await reader.spend()).calls).toBe(1);
    const left = [...log.records.values()].flat().map(({ topic }) => topic);
    expect(left).toEqual(['spend']);
  });

  it('erases a user of more traces than one statement may name', async () => {
    await connection.run(
      `INSERT INTO assay_decisions (tenant, trace_id, version, user_id, first_seen_at, decided_at, outcome, criteria, reason)
       SELECT '${TENANT}', lower(leftPad(hex(number + 1), 32, '0')), 1, 'u-many', now64(3), now64(3), 'selected', ['task-done'], '${SECRET}' FROM numbers(6000)`,
    );
    const request = { by: 'user', value: 'u-many' } as const;
    expect(await writer.erase({ ...request, dryRun: true })).toMatchObject({ decisions: 6_000, openTraces: 0 });
    expect((await writer.erase({ ...request, dryRun: false })).traces).toHaveLength(6_000);
    expect(await number(`SELECT count() AS n FROM assay_decisions WHERE reason = '${SECRET}'`)).toBe(0);
    expect(await reader.coverage()).toMatchObject({ pending: 0, abstained: 6_000 });
  });

  it('goes on where it failed half way, also when the user has new traces by then', async () => {
    await log.append(judged(1));
    await written();
    await writer.stop(signal);
    writer = await startWriter(async (options) => {
      const opened = await openStoreConnection(options);
      const run: StoreConnection['run'] = async (sql, params) => {
        if (/^ALTER TABLE assay_verdicts\b.* UPDATE/.test(sql.replace('_local', '')))
          throw new Error('the disk is full');
        return opened.run(sql, params);
      };
      return { ...opened, run };
    });
    const request = { by: 'user', value: 'u-1', dryRun: false } as const;
    await expect(writer.erase(request)).rejects.toThrow('the disk is full');
    await writer.stop(signal);
    writer = await startWriter();
    await log.append(judged(2, { userId: 'u-1' }));
    await written();
    const { traces } = await writer.erase(request);
    expect(traces.map(({ traceId }) => traceId).sort()).toEqual([traceIdOf(1), traceIdOf(2)]);
    expect(await number('SELECT count() AS n FROM assay_verdicts WHERE notEmpty(quotes)')).toBe(0);
  });
});
