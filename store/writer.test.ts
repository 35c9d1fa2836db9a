import { statSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../core/clock.js';
import { readLetter, toOriginal, type DeadRecord } from '../core/dead-letter.js';
import { PipelineError } from '../core/errors.js';
import type { LogRecord } from '../core/log.js';
import type { Logger } from '../core/logger.js';
import { silentLogger } from '../core/logger.js';
import { type Metrics, noMetrics } from '../core/metrics.js';
import { storeConfig } from './config.js';
import { openStoreConnection, type InsertBlock, type NativeBlock, type StoreConnection } from './connection.js';
import { MemoryLog, MemoryState } from './memory-bus.test-support.js';
import { createStoreReader, type StoreReader } from './reader.js';
import {
  decisionOn,
  jsonRecord,
  logsRecord,
  NOW_MS,
  spansRecord,
  spendOf,
  traceIdOf,
  verdictOn,
} from './samples.test-support.js';
import { createWriter, type Writer } from './writer.js';
import { openTestStore, STORES, type TestStore } from './stores.test-support.js';
import { alterable } from './table-form.js';

const signal = new AbortController().signal;
const TABLES = [
  'otel_traces',
  'otel_traces_trace_id_ts',
  'otel_logs',
  'assay_decisions',
  'assay_verdicts',
  'assay_spend',
  'assay_policies',
];
const COUNT_SPANS = 'SELECT count() AS n FROM otel_traces';

describe.each(STORES)('writer (%s)', (kind) => {
  let store: TestStore;
  let connection: StoreConnection;
  let reader: StoreReader;
  let log: MemoryLog;
  let state: MemoryState;
  const started: Writer[] = [];

  beforeAll(async () => {
    store = await openTestStore(kind);
    connection = await openStoreConnection(store.options);
    reader = createStoreReader(store.options);
    await reader.start(signal);
  });

  beforeEach(async () => {
    for (const table of TABLES) await connection.run(`TRUNCATE TABLE ${alterable(table, connection.tableForm)}`);
    log = new MemoryLog(2);
    state = new MemoryState();
  });

  afterEach(async () => {
    for (const writer of started.splice(0)) await writer.stop(signal);
  });

  afterAll(async () => {
    await reader.stop(signal);
    await connection.close();
    await store.close();
  });

  interface Watch {
    readonly logger?: Logger;
    readonly options?: Record<string, number>;
    readonly metrics?: Metrics;
    insert?(block: InsertBlock | NativeBlock): void | Promise<void>;
  }

  async function start(watch: Watch = {}): Promise<Writer> {
    const writer = createWriter(
      {
        ...storeConfig.parse({ flushMs: 10, retryMinMs: 1, retention: { days: 0 }, ...watch.options }),
        ...store.place,
      },
      {
        log,
        state,
        clock: systemClock,
        readTrajectory: () => expect.unreachable('nothing is erased here'),
        logger: watch.logger ?? silentLogger,
        metrics: watch.metrics ?? noMetrics,
        async connect(options) {
          const opened = await openStoreConnection(options);
          return {
            ...opened,
            async insert(block) {
              await watch.insert?.(block);
              await opened.insert(block);
            },
            async insertNative(block) {
              await watch.insert?.(block);
              await opened.insertNative(block);
            },
          };
        },
      },
    );
    started.push(writer);
    await writer.start(signal);
    return writer;
  }

  async function drained(): Promise<void> {
    await vi.waitFor(
      async () => {
        for (const topic of ['spans', 'logs', 'policies', 'decisions', 'verdicts', 'spend'] as const)
          expect(await log.lag(topic, 'write')).toBe(0);
        expect([...state.range('pending/')]).toEqual([]);
      },
      { timeout: 60_000, interval: 5 },
    );
  }

  async function number(sql: string): Promise<number> {
    const [row] = await connection.rows<{ n: number }>(sql);
    return row!.n;
  }

  it('writes what comes to it, and no more, when partitions move in the middle of a cycle', async () => {
    const ids = Array.from({ length: 12 }, (_, at) => traceIdOf(at + 1));
    await log.append(ids.map((id) => spansRecord(id)));
    const ends = await log.endOffsets('spans');
    expect(Math.min(...ends.values())).toBeGreaterThan(0);
    log.turns = new Map([[0, 1]]);
    // Once the cycle is under way.
    log.onPoll = () => {
      log.turns = new Map([[1, 2]]);
      log.onPoll = () => undefined;
    };
    await start();
    await vi.waitFor(
      () => {
        expect(log.offsets.get('spans/write/1')).toBe(ends.get(1));
      },
      { timeout: 60_000, interval: 5 },
    );
    expect(log.offsets.get('spans/write/0') ?? 0).toBe(0);
    log.turns = new Map([
      [0, 3],
      [1, 2],
    ]);
    await drained();
    expect(await number('SELECT uniqExact(TraceId) AS n FROM assay_spans')).toBe(ids.length);
  });

  it('lets go of a block that it is to write again when its partition moves, though records of others never end', async () => {
    const isOf = (partition: number) => (id: string) =>
      Buffer.from(id).reduce((sum, byte) => sum + byte, 0) % 2 === partition;
    const ids = Array.from({ length: 2_000 }, (_, at) => traceIdOf(at + 1));
    const [moving, staying] = [ids.filter(isOf(0)).slice(0, 3), ids.filter(isOf(1))];
    await log.append(moving.map((id) => spansRecord(id)));
    const options = { retryMinMs: 60_000, retryMaxMs: 60_000 };
    let tries = 0;
    const first = await start({ options, insert: () => Promise.reject(new Error(`killed ${(tries += 1)}`)) });
    await vi.waitFor(() => {
      expect(tries).toBe(1);
    });
    await first.stop(AbortSignal.abort());
    started.length = 0;
    expect([...state.range('pending/')]).toHaveLength(1);

    let polls = 0;
    log.onPoll = () => {
      log.turns = new Map([[1, 2]]);
      const id = staying[(polls += 1)];
      if (id !== undefined) void log.append([spansRecord(id)]);
    };
    const pollsAtCommit: number[] = [];
    log.beforeCommit = () => void pollsAtCommit.push(polls);
    await start();
    await vi.waitFor(
      () => {
        expect(pollsAtCommit.length).toBeGreaterThan(0);
      },
      { timeout: 60_000, interval: 5 },
    );
    expect(pollsAtCommit[0]).toBeLessThan(staying.length / 2);
    log.onPoll = () => undefined;
    log.turns = new Map([
      [0, 3],
      [1, 2],
    ]);
    await drained();
    expect(
      await number(`SELECT uniqExact(TraceId) AS n FROM assay_spans WHERE TraceId IN ('${moving.join("', '")}')`),
    ).toBe(3);
  });

  it('writes what every topic carries, and gives it back as it was', async () => {
    const decision = decisionOn(traceIdOf(1), {
      findings: [
        {
          check: 'tool-arguments',
          severity: 'settles',
          message: "unterminated string in ' \\ \u{1F600}",
          spanId: '01',
          fails: ['a', 'b'],
        },
        { check: 'slow', severity: 'note', message: '', spanId: '' },
      ],
      settled: [{ criterion: 'task-done', outcome: 'fail', check: 'tool-arguments' }],
      logCount: 7,
      rootSpanId: 'eee19b7ec3c1b174',
      g: 0.1 + 0.2,
      pi: 1 / 3,
    });
    const verdict = verdictOn(decision, {
      ...{ outcome: 'fail', confidence: 2 / 3, audit: true, byHand: true, disputed: true, cacheAudit: 'flipped' },
    });
    await log.append([
      spansRecord(traceIdOf(1), { count: 3 }),
      logsRecord(traceIdOf(1), 2),
      jsonRecord('policies', 'p', {
        version: 1,
        effectiveFromMs: NOW_MS,
        pi: { settled: 0.05, suspected: 1, unsuspected: 0.08, incomplete: 1 },
        reason: 'first',
      }),
      jsonRecord('decisions', decision.traceId, decision),
      jsonRecord('verdicts', decision.traceId, verdict),
      jsonRecord('spend', decision.traceId, spendOf('c-1')),
    ]);
    await start();
    await drained();

    expect(await reader.decisionOf('acme', traceIdOf(1))).toEqual(decision);
    expect(await reader.verdictsOf('acme', traceIdOf(1), 1)).toEqual([verdict]);
    expect((await reader.spansOf('acme', traceIdOf(1))).map((span) => span.spanId)).toEqual([
      '0000000000000001',
      '0000000000000002',
      '0000000000000003',
    ]);
    expect((await reader.logsOf('acme', traceIdOf(1))).map((log) => [log.name, log.body])).toEqual([
      ['gen_ai.user.message', '{"content":"message 0"}'],
      ['gen_ai.user.message', '{"content":"message 1"}'],
    ]);
    expect(await reader.spend()).toMatchObject({ usd: 0.00012, calls: 1 });
    expect(await connection.rows('SELECT pi FROM assay_policies_unique')).toEqual([
      { pi: { settled: 0.05, suspected: 1, unsuspected: 0.08, incomplete: 1 } },
    ]);
  });

  it('takes decisions and verdicts of the version before, which say less', async () => {
    const { logCount, rootSpanId, ...decision } = decisionOn(traceIdOf(1));
    const { spanId, cacheAudit, byHand, disputed, ...verdict } = verdictOn(decisionOn(traceIdOf(1)));
    expect([logCount, rootSpanId, spanId, cacheAudit, byHand, disputed]).not.toContain(undefined);
    await log.append([
      spansRecord(traceIdOf(1)),
      jsonRecord('decisions', decision.traceId, decision),
      jsonRecord('verdicts', decision.traceId, verdict),
    ]);
    await start();
    await drained();
    expect(await reader.decisionOf('acme', traceIdOf(1))).toEqual({ ...decision, logCount: 0, rootSpanId: '' });
    const [stored] = await reader.verdictsOf('acme', traceIdOf(1), 1);
    expect(stored).toEqual({ ...verdict, spanId: '', cacheAudit: '', byHand: false, disputed: false });
  });

  it('writes spans before the decisions on them, and these before their verdicts, whenever they arrive', async () => {
    const decided = new Set<string>();
    const violations: string[] = [];
    let next = 1;
    await start({
      async insert(block) {
        const { table } = block;
        // More arrives in the middle of every cycle: a whole story, the latest part first on the bus as seen by a reader.
        if (next <= 60) {
          const traceId = traceIdOf(next++);
          const decision = decisionOn(traceId);
          await log.append([
            spansRecord(traceId),
            jsonRecord('decisions', traceId, decision),
            jsonRecord('verdicts', traceId, verdictOn(decision)),
          ]);
        }
        const lines = 'lines' in block ? block.lines.split('\n') : [];
        const rows = lines.map((line) => JSON.parse(line) as { trace_id?: string });
        if (table === 'assay_decisions') {
          for (const { trace_id = '' } of rows) {
            if ((await number(`SELECT count() AS n FROM otel_traces WHERE TraceId = '${trace_id}'`)) === 0)
              violations.push(`decision ${trace_id}`);
            decided.add(trace_id);
          }
        }
        if (table === 'assay_verdicts') {
          for (const { trace_id = '' } of rows) if (!decided.has(trace_id)) violations.push(`verdict ${trace_id}`);
        }
      },
    });
    await log.append([spansRecord(traceIdOf(1_000))]);
    await vi.waitFor(
      () => {
        expect(next).toBe(61);
      },
      { timeout: 20_000 },
    );
    await drained();
    expect(violations).toEqual([]);
    expect(await number('SELECT count() AS n FROM assay_verdicts')).toBe(60);
  });

  it('adds no row when it dies between the insert and the commit, and a new one takes over', async () => {
    await log.append([1, 2, 3].map((n) => spansRecord(traceIdOf(n))));
    let refusals = 0;
    log.beforeCommit = () => {
      refusals += 1;
      throw new Error('killed');
    };
    const first = await start({ options: { retryMinMs: 60_000, retryMaxMs: 60_000 } });
    await vi.waitFor(() => {
      expect(refusals).toBe(1);
    });
    await first.stop(AbortSignal.abort());
    started.length = 0;
    expect(await number(COUNT_SPANS)).toBe(6);
    expect([...state.range('pending/')]).toHaveLength(1);

    log.beforeCommit = () => undefined;
    // Arrived in between: it must not slip into the block that is written again.
    await log.append([spansRecord(traceIdOf(4))]);
    const tokens: string[] = [];
    await start({ insert: ({ token }) => void tokens.push(token) });
    await drained();
    expect(await number(COUNT_SPANS)).toBe(8);
    expect(await number('SELECT count() AS n FROM assay_spans')).toBe(8);
    expect(new Set(tokens).size).toBe(2);
  });

  it('writes the block again when it died before the insert', async () => {
    await log.append([1, 2, 3].map((n) => spansRecord(traceIdOf(n))));
    let tries = 0;
    const first = await start({
      options: { retryMinMs: 60_000, retryMaxMs: 60_000 },
      insert() {
        tries += 1;
        throw new Error('killed');
      },
    });
    await vi.waitFor(() => {
      expect(tries).toBe(1);
    });
    await first.stop(AbortSignal.abort());
    started.length = 0;
    expect(await number(COUNT_SPANS)).toBe(0);
    await start();
    await drained();
    expect(await number(COUNT_SPANS)).toBe(6);
  });

  it('waits and tries again while the store is away, and says that it is not ready and how much waits', async () => {
    let away = true;
    let tries = 0;
    const gauges = new Map<string, number>();
    const metrics: Metrics = {
      ...noMetrics,
      gauge: (name) => ({
        set: (value, labels) => void gauges.set([name, ...Object.values(labels ?? {})].join(' '), value),
      }),
    };
    const errors: string[] = [];
    const writer = await start({
      logger: { ...silentLogger, error: (_, message) => void errors.push(message) },
      metrics,
      insert() {
        tries += 1;
        if (away) throw new Error('disk full');
      },
    });
    await log.append([spansRecord(traceIdOf(1))]);
    await vi.waitFor(() => {
      expect(tries).toBeGreaterThan(2);
    });
    expect(writer.ready()).toBe(false);
    expect(errors[0]).toMatch(/nothing is lost/);
    expect(Object.fromEntries(gauges)).toMatchObject({
      assay_store_writer_ready: 0,
      'assay_store_lag_records spans': 1,
      'assay_store_lag_records verdicts': 0,
    });
    away = false;
    await drained();
    await vi.waitFor(() => {
      expect(writer.ready()).toBe(true);
      expect(gauges.get('assay_store_lag_records spans')).toBe(0);
    });
    expect(gauges.get('assay_store_writer_ready')).toBe(1);
    expect(await number(COUNT_SPANS)).toBe(2);
  });

  it('skips a record that it cannot read, counts it, and writes its neighbours', async () => {
    const errors: string[] = [];
    const decision = decisionOn(traceIdOf(1));
    await log.append([
      { topic: 'spans', key: traceIdOf(9), value: Buffer.from([0xff, 0xff]) },
      spansRecord(traceIdOf(1)),
      jsonRecord('decisions', 'x', { version: 1 }),
      jsonRecord('decisions', decision.traceId, decision),
    ]);
    await start({ logger: { ...silentLogger, error: (_, message) => void errors.push(message) } });
    await drained();
    expect(await number(COUNT_SPANS)).toBe(2);
    expect(await number('SELECT count() AS n FROM assay_decisions')).toBe(1);
    expect(errors).toHaveLength(2);
  });

  /** What lies among the dead letters, in the order that it came. */
  const letters = (): readonly DeadRecord[] =>
    (log.records.get('dead-letters') ?? []).map((record) => readLetter(record)!);

  it('puts what it cannot read into the dead letters, each once and as it was', async () => {
    const poison: LogRecord = {
      ...{ topic: 'spans', key: traceIdOf(9), value: Buffer.from([0xff, 0xff]) },
      headers: { 'assay.tenant': 'acme' },
    };
    await log.append([
      poison,
      spansRecord(traceIdOf(1)),
      jsonRecord('decisions', 'x', { version: 1 }),
      jsonRecord('verdicts', 'x', 'no verdict'),
      jsonRecord('spend', 'x', []),
      jsonRecord('policies', 'x', {}),
      { ...logsRecord(traceIdOf(9), 1), value: Buffer.from([0xff, 0xff]) },
      logsRecord(traceIdOf(1), 1),
    ]);
    await start();
    await drained();
    expect(letters().map(({ topic, role, code }) => `${topic} ${role} ${code}`)).toEqual([
      'spans write OTLP_MALFORMED',
      'logs write OTLP_MALFORMED',
      'policies write RECORD_MALFORMED',
      'decisions write RECORD_MALFORMED',
      'verdicts write RECORD_MALFORMED',
      'spend write RECORD_MALFORMED',
    ]);
    expect(toOriginal(letters()[0]!)).toEqual(poison);
    expect(await number(COUNT_SPANS)).toBe(2);
    expect(await number('SELECT count() AS n FROM otel_logs')).toBe(1);
  });

  it('commits nothing that it cannot read while the bus does not take its letter', async () => {
    let away = true;
    log.beforeAppend = (records) => {
      if (away && records.some(({ topic }) => topic === 'dead-letters'))
        throw new PipelineError('BUS_UNAVAILABLE', 'away');
    };
    await log.append([
      { topic: 'spans', key: traceIdOf(9), value: Buffer.from([0xff, 0xff]) },
      spansRecord(traceIdOf(1)),
      spansRecord(traceIdOf(2)),
    ]);
    let failures = 0;
    await start({ logger: { ...silentLogger, error: () => void (failures += 1) } });
    await vi.waitFor(() => {
      expect(failures).toBeGreaterThan(2);
    }, 20_000);
    expect(await log.lag('spans', 'write')).toBe(3);
    away = false;
    await drained();
    expect(letters().map(({ topic }) => topic)).toEqual(['spans']);
    expect(await number(COUNT_SPANS)).toBe(4);
  });

  it('writes the rest of a block apart where the store refuses some of its rows, and gives those up', async () => {
    const table = alterable('otel_traces', connection.tableForm);
    await connection.run(
      `ALTER TABLE ${table} ADD CONSTRAINT no_poison CHECK TraceId != '${traceIdOf(5)}' AND TraceId != '${traceIdOf(6)}'`,
    );
    try {
      await log.append(Array.from({ length: 9 }, (_, n) => spansRecord(traceIdOf(n + 1))));
      const tokens: string[] = [];
      await start({ options: { retryMinMs: 1 }, insert: ({ token }) => void tokens.push(token) });
      await drained();
      const given = letters().map(({ topic, key, code, reason }) => ({ topic, key, code, reason }));
      expect(given.map(({ topic, key, code }) => [topic, key, code]).sort()).toEqual([
        ['spans', traceIdOf(5), 'ROWS_REFUSED'],
        ['spans', traceIdOf(6), 'ROWS_REFUSED'],
      ]);
      expect(given[0]?.reason).toMatch(/expected the store to take every row, got code 469: .*no_poison/);
      expect(await number(COUNT_SPANS)).toBe(14);
      expect(await number('SELECT count() AS n FROM assay_spans')).toBe(14);
      // Three times as it was before it is taken apart.
      expect(tokens.filter((token) => token === tokens[0]).length).toBeGreaterThanOrEqual(3);
      await log.append([spansRecord(traceIdOf(20))]);
      await drained();
      expect(await number(COUNT_SPANS)).toBe(16);
    } finally {
      await connection.run(`ALTER TABLE ${table} DROP CONSTRAINT no_poison`);
    }
  });

  it('stores a half of a refused block once when the letters of the other half cannot be sent at first', async () => {
    const table = alterable('otel_traces', connection.tableForm);
    await connection.run(`ALTER TABLE ${table} ADD CONSTRAINT no_poison CHECK TraceId != '${traceIdOf(2)}'`);
    let away = 2;
    log.beforeAppend = (records) => {
      if (records.some(({ topic }) => topic === 'dead-letters') && away-- > 0)
        throw new PipelineError('BUS_UNAVAILABLE', 'away');
    };
    try {
      await log.append([1, 2, 3, 4].map((n) => spansRecord(traceIdOf(n))));
      await start();
      await drained();
      expect(letters().map(({ key }) => key)).toEqual([traceIdOf(2)]);
      expect(await number(COUNT_SPANS)).toBe(6);
    } finally {
      await connection.run(`ALTER TABLE ${table} DROP CONSTRAINT no_poison`);
    }
  });

  it('gives a record that comes again after its letter another one of the same id', async () => {
    await log.append([{ topic: 'decisions', key: 'x', value: Buffer.from('{') }]);
    let deaths = 0;
    log.beforeCommit = (topic) => {
      if (topic === 'decisions' && (deaths += 1) === 1) throw new Error('killed');
    };
    await start();
    await drained();
    expect(letters().map(({ id }) => id)).toEqual([letters()[0]!.id, letters()[0]!.id]);
    expect(letters()[0]!.id).toMatch(/^decisions\/[01]\/0$/);
  });

  it('cuts a backlog into blocks of the given size', async () => {
    await log.append(Array.from({ length: 50 }, (_, n) => spansRecord(traceIdOf(n + 1))));
    const sizes: number[] = [];
    await start({
      options: { maxBlockRows: 20 },
      insert: (block) => void sizes.push('rows' in block ? block.rows : 0),
    });
    await drained();
    expect(await number(COUNT_SPANS)).toBe(100);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(40);
    expect(sizes.length).toBeGreaterThanOrEqual(3);
  });

  it('writes a small record of many rows with a large resource in pieces, each at most once', async () => {
    // 1,000 rows of 300 KB each: 300 MB of rows, of a record of 400 KB.
    const [large, small] = [traceIdOf(1), traceIdOf(2)];
    await log.append([spansRecord(large, { count: 1_000, resourceBytes: 300_000 }), spansRecord(small)]);
    const bytes: number[] = [];
    const tokens: string[] = [];
    let deaths = 0;
    const insert = (block: InsertBlock | NativeBlock): void => {
      if ('path' in block) bytes.push(statSync(block.path).size);
      tokens.push(block.token);
    };
    const first = await start({
      options: { retryMinMs: 60_000, retryMaxMs: 60_000 },
      insert(block) {
        insert(block);
        if (tokens.length <= 3) return;
        deaths += 1;
        throw new Error('killed');
      },
    });
    await vi.waitFor(
      () => {
        expect(deaths).toBe(1);
      },
      { timeout: 20_000 },
    );
    await first.stop(AbortSignal.abort());
    started.length = 0;
    const dead = tokens.splice(0);
    expect(dead).toEqual([dead[0], `${dead[0]}#1`, `${dead[0]}#2`, `${dead[0]}#3`]);

    await start({ insert });
    await drained();
    expect(tokens.slice(0, 4)).toEqual(dead);
    expect(new Set(tokens).size).toBe(tokens.length);
    expect(Math.max(...bytes)).toBeLessThanOrEqual(69 * 1024 * 1024);
    expect(await number(COUNT_SPANS)).toBe(1_002);
    expect(await number('SELECT count() AS n FROM assay_spans')).toBe(1_002);
    expect(await number('SELECT uniqExact(TraceId) AS n FROM otel_traces_trace_id_ts')).toBe(2);
  });

  it('fills the next block while one is inserted, with only that one pending', async () => {
    await log.append(Array.from({ length: 50 }, (_, n) => spansRecord(traceIdOf(n + 1))));
    const pending: string[] = [];
    const polledBy: number[] = [];
    let polls = 0;
    log.onPoll = () => void (polls += 1);
    await start({
      options: { maxBlockRows: 20 },
      async insert() {
        const block = pending.length + 1;
        // Each block takes one poll. The last has no next.
        await vi.waitFor(() => {
          expect(polls).toBeGreaterThanOrEqual(Math.min(3, block + 1));
        });
        polledBy.push(polls);
        pending.push(...[...state.range('pending/')].map(([, ranges]) => ranges));
      },
    });
    await drained();
    expect(polledBy).toEqual([2, 3, 3]);
    // One at a time, and each its own.
    expect(new Set(pending).size).toBe(3);
    expect(pending).toHaveLength(3);
    expect(await number(COUNT_SPANS)).toBe(100);
  });

  it('begins again with the block that failed, not with the one that was filled meanwhile', async () => {
    await log.append(Array.from({ length: 50 }, (_, n) => spansRecord(traceIdOf(n + 1))));
    const tokens: string[] = [];
    await start({
      options: { maxBlockRows: 20 },
      async insert({ token }) {
        tokens.push(token);
        await new Promise((resolve) => setImmediate(resolve));
        if (tokens.length === 2) throw new Error('away');
      },
    });
    await drained();
    expect(tokens[2]).toBe(tokens[1]);
    expect(new Set(tokens).size).toBe(3);
    expect(await number(COUNT_SPANS)).toBe(100);
    expect(await number('SELECT count() AS n FROM assay_spans')).toBe(100);
  });

  it('writes what lies on the bus before it stops', async () => {
    const writer = await start({ options: { flushMs: 60_000 } });
    await vi.waitFor(() => {
      expect(writer.ready()).toBe(true);
    });
    await log.append([spansRecord(traceIdOf(1))]);
    await writer.stop(signal);
    expect(await number(COUNT_SPANS)).toBe(2);
    await writer.stop(signal);
  });

  it('does nothing in an idle cycle but look at the ends', async () => {
    const writer = await start();
    await vi.waitFor(() => {
      expect(writer.ready()).toBe(true);
    });
    const poll = vi.fn();
    const ends = vi.spyOn(log, 'endOffsets');
    log.onPoll = poll;
    await vi.waitFor(() => {
      expect(ends.mock.calls.length).toBeGreaterThan(20);
    });
    expect(poll).not.toHaveBeenCalled();
  });
});
