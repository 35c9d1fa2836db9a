import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Cell } from '../core/cell.js';
import type { Decision } from '../core/decision.js';
import type { LogRecord } from '../core/log.js';
import type { VerdictOutcome } from '../core/verdict.js';
import { openStoreConnection, type QueryParams, type StoreConnection } from './connection.js';
import { LEDGER_OUTCOMES, type LedgerOutcome } from '../core/ledger-outcome.js';
import { createStoreReader, type StoreReader } from './reader.js';
import { decisionOn, jsonRecord, NOW_MS, spansRecord, spendOf, traceIdOf, verdictOn } from './samples.test-support.js';
import { TOPIC_TABLES } from './topic-tables.js';
import { writeRecords } from './write-records.test-support.js';
import { openTestStore, STORES, type TestStore } from './stores.test-support.js';
import { alterable } from './table-form.js';

const signal = new AbortController().signal;
const SETTLED_FAIL = {
  settled: [{ criterion: 'task-done', outcome: 'fail', check: 'tool-arguments' }],
  stratum: 'settled',
  outcome: 'settled',
  pi: 0.05,
} as const;
const SETTLED_PASS = {
  ...SETTLED_FAIL,
  settled: [{ criterion: 'task-done', outcome: 'pass', check: 'refund-matches' }],
} as const;

/** A trace to write, with the outcome that the ledger must show for it. */
interface Story {
  readonly decisions: readonly Partial<Decision>[];
  /** Of each criterion in turn, on the last decision. */
  readonly verdicts?: readonly {
    criterion?: string;
    outcome: VerdictOutcome;
    fromCache?: boolean;
    audit?: boolean;
    byHand?: boolean;
    version?: number;
  }[];
  readonly outcome: LedgerOutcome;
  readonly passed: boolean | null;
}

const TWO = { criteria: ['task-done', 'polite'] };

const STORIES: Readonly<Record<string, Story>> = {
  'no decision': { decisions: [], outcome: 'open', passed: null },
  'selected, no verdict': { decisions: [{}], outcome: 'pending', passed: null },
  'selected, one verdict of two': {
    decisions: [TWO],
    verdicts: [{ outcome: 'fail' }],
    outcome: 'pending',
    passed: false,
  },
  'selected, passed': { decisions: [{}], verdicts: [{ outcome: 'pass' }], outcome: 'judged', passed: true },
  'selected, failed': { decisions: [{}], verdicts: [{ outcome: 'fail' }], outcome: 'judged', passed: false },
  'from the cache': {
    decisions: [{}],
    verdicts: [{ outcome: 'pass', fromCache: true }],
    outcome: 'from_cache',
    passed: true,
  },
  'half from the cache': {
    decisions: [TWO],
    verdicts: [
      { outcome: 'pass', fromCache: true },
      { criterion: 'polite', outcome: 'pass' },
    ],
    outcome: 'judged',
    passed: true,
  },
  'an error': { decisions: [{}], verdicts: [{ outcome: 'error' }], outcome: 'judge_error', passed: null },
  'an error, an abstention and a failure': {
    decisions: [{ criteria: ['task-done', 'polite', 'true'] }],
    verdicts: [
      { outcome: 'abstain' },
      { criterion: 'polite', outcome: 'error' },
      { criterion: 'true', outcome: 'fail' },
    ],
    outcome: 'judge_error',
    passed: false,
  },
  'an abstention and no budget': {
    decisions: [TWO],
    verdicts: [{ outcome: 'shed_budget' }, { criterion: 'polite', outcome: 'abstain' }],
    outcome: 'abstained',
    passed: null,
  },
  'no budget': {
    decisions: [TWO],
    verdicts: [{ outcome: 'shed_budget' }, { criterion: 'polite', outcome: 'pass' }],
    outcome: 'shed_budget',
    passed: null,
  },
  'no content': { decisions: [{ outcome: 'abstained' }], outcome: 'abstained', passed: null },
  'settled, failed': { decisions: [SETTLED_FAIL], outcome: 'settled', passed: false },
  'settled, audited otherwise': {
    decisions: [{ ...SETTLED_PASS, audit: true }],
    verdicts: [{ outcome: 'fail', audit: true }],
    outcome: 'settled',
    passed: true,
  },
  'settled, audit in error': {
    decisions: [{ ...SETTLED_PASS, audit: true }],
    verdicts: [{ outcome: 'error', audit: true }],
    outcome: 'settled',
    passed: true,
  },
  'half settled, half judged': {
    decisions: [{ ...TWO, settled: SETTLED_PASS.settled }],
    verdicts: [{ criterion: 'polite', outcome: 'pass' }],
    outcome: 'judged',
    passed: true,
  },
  'excluded, whatever a check says of it': {
    decisions: [{ ...SETTLED_FAIL, outcome: 'excluded' }],
    outcome: 'excluded',
    passed: null,
  },
  'sampled out, and judged by hand': {
    decisions: [{ outcome: 'sampled_out' }],
    verdicts: [{ outcome: 'fail', audit: true, byHand: true }],
    outcome: 'sampled_out',
    passed: null,
  },
  'selected, and answered by hand alone': {
    decisions: [{}],
    verdicts: [{ outcome: 'fail', byHand: true }],
    outcome: 'pending',
    passed: null,
  },
  'sampled out': { decisions: [{ outcome: 'sampled_out' }], outcome: 'sampled_out', passed: null },
  'judged, then a late span': {
    decisions: [{}, { version: 2 }],
    verdicts: [{ outcome: 'fail', version: 1 }],
    outcome: 'pending',
    passed: null,
  },
  'judged again after a late span': {
    decisions: [{}, { version: 2 }],
    verdicts: [
      { outcome: 'fail', version: 1 },
      { outcome: 'pass', version: 2 },
    ],
    outcome: 'judged',
    passed: true,
  },
  'settled after a late span': {
    decisions: [{}, { ...SETTLED_FAIL, version: 2 }],
    verdicts: [{ outcome: 'pass', version: 1 }],
    outcome: 'settled',
    passed: false,
  },
};

describe.each(STORES)('store queries (%s)', (kind) => {
  let store: TestStore;
  let connection: StoreConnection;
  let reader: StoreReader;
  let token = 0;

  beforeAll(async () => {
    store = await openTestStore(kind);
    connection = await openStoreConnection(store.options);
    reader = createStoreReader(store.options);
    await reader.start(signal);
  });

  beforeEach(async () => {
    for (const table of [...TOPIC_TABLES.map((each) => each.table), 'otel_traces_trace_id_ts'])
      await connection.run(`TRUNCATE TABLE ${alterable(table, connection.tableForm)}`);
  });

  afterAll(async () => {
    await reader.stop(signal);
    await connection.close();
    await store.close();
  });

  /** Writes records in causal order, as the writer does. */
  async function write(records: readonly LogRecord[]): Promise<void> {
    for (const { topic } of TOPIC_TABLES) {
      const stored = records
        .filter((record) => record.topic === topic)
        .map((record) => ({ ...record, headers: record.headers ?? {}, partition: 0, offset: 0, acceptedAtMs: NOW_MS }));
      await writeRecords(connection, stored, String(++token));
    }
  }

  function told(story: Story, traceId: string, release = '1.0'): LogRecord[] {
    const decisions = story.decisions.map((changes) => decisionOn(traceId, { release, ...changes }));
    const verdicts = (story.verdicts ?? []).map((changes) => {
      const decision = decisions.find((each) => each.version === changes.version) ?? decisions.at(-1)!;
      return verdictOn(decision, changes);
    });
    return [
      spansRecord(traceId, { release }),
      ...decisions.map((decision) => jsonRecord('decisions', traceId, decision)),
      ...verdicts.map((verdict) => jsonRecord('verdicts', traceId, verdict)),
    ];
  }

  it('show the one outcome of each trace, and whether it passed', async () => {
    const stories = Object.entries(STORIES);
    await write(stories.flatMap(([, story], n) => told(story, traceIdOf(n + 1))));
    const rows = await reader.listTraces({ limit: 100 });
    const shown = stories.map(([name], n) => {
      const row = rows.find((each) => each.traceId === traceIdOf(n + 1));
      return [name, row?.outcome, row?.passed];
    });
    expect(shown).toEqual(stories.map(([name, { outcome, passed }]) => [name, outcome, passed]));
    expect(await reader.outcomeOf('acme', traceIdOf(1))).toBe('open');
    expect(await reader.outcomeOf('acme', traceIdOf(4))).toBe('judged');
  });

  it('count every received trace under exactly one outcome, whatever was written twice', async () => {
    const stories = Object.values(STORIES);
    const records = Array.from({ length: stories.length * 7 }, (_, n) =>
      told(stories[n % stories.length]!, traceIdOf(n + 1)),
    ).flat();
    await write(records);
    // Another tenant has the same ids.
    await write([spansRecord(traceIdOf(1), { tenant: 'other' })]);
    await write(records.filter((_, n) => n % 3 === 0));
    const coverage = await reader.coverage();
    const expected = Object.fromEntries(
      LEDGER_OUTCOMES.map((name) => [name, 7 * stories.filter((story) => story.outcome === name).length]),
    );
    expect(coverage).toEqual({ ...expected, open: expected['open']! + 1, received: stories.length * 7 + 1 });
    expect(LEDGER_OUTCOMES.reduce((sum, name) => sum + coverage[name], 0)).toBe(coverage.received);
  });

  it('add up at every moment while rows are being written', async () => {
    const stories = Object.values(STORIES);
    const progress = { writing: true };
    const work = (async () => {
      for (let wave = 0; wave < 15; wave++) {
        await write(
          Array.from({ length: 20 }, (_, n) =>
            told(stories[(wave + n) % stories.length]!, traceIdOf(wave * 20 + n + 1)),
          ).flat(),
        );
      }
    })().finally(() => {
      progress.writing = false;
    });
    const seen: number[] = [];
    while (progress.writing) {
      const { received, ...outcomes } = await reader.coverage();
      expect(Object.values(outcomes).reduce((sum, n) => sum + n, 0)).toBe(received);
      seen.push(received);
    }
    await work;
    expect(new Set(seen).size).toBeGreaterThan(2);
    expect((await reader.coverage()).received).toBe(300);
  });

  it('read the coverage again until it adds up, five times at most', async () => {
    const whole = { ...Object.fromEntries(LEDGER_OUTCOMES.map((name) => [name, 1])), received: LEDGER_OUTCOMES.length };
    const answers = [{ ...whole, judged: 2 }, { ...whole, received: 1 }, whole];
    const waits: number[] = [];
    const live = createStoreReader(store.options, {
      clock: { nowMs: () => 0, sleep: async (ms) => void waits.push(ms) },
      async connect(options) {
        const opened = await openStoreConnection(options);
        return {
          ...opened,
          rows: async <Row>(sql: string, params?: QueryParams) =>
            sql.includes('AS received') ? ([answers.shift()] as Row[]) : opened.rows<Row>(sql, params),
        };
      },
    });
    await live.start(signal);
    expect(await live.coverage()).toEqual(whole);
    expect(waits).toHaveLength(2);
    answers.push(...Array.from({ length: 9 }, (_, n) => ({ ...whole, received: 100 + n })));
    expect(await live.coverage()).toMatchObject({ received: 104 });
    expect(answers).toHaveLength(4);
    await live.stop(signal);
  });

  it('group traces into cells, with settled ones and those without content in cells of their own, and audits nowhere', async () => {
    await write([
      ...told(STORIES['selected, passed']!, traceIdOf(1)),
      ...told(STORIES['selected, failed']!, traceIdOf(2)),
      ...told(STORIES['an error']!, traceIdOf(3)),
      ...told(STORIES['selected, no verdict']!, traceIdOf(4)),
      ...told(STORIES['sampled out']!, traceIdOf(5)),
      ...told(STORIES['no content']!, traceIdOf(6)),
      ...told(STORIES['settled, failed']!, traceIdOf(7)),
      ...told(STORIES['settled, audited otherwise']!, traceIdOf(8)),
      ...told(
        { decisions: [{ pi: 0.2 }], verdicts: [{ outcome: 'fail' }], outcome: 'judged', passed: false },
        traceIdOf(9),
      ),
      ...told(
        {
          decisions: [{ stratum: 'suspected', pi: 1, upstreamWeight: 4 }],
          verdicts: [{ outcome: 'fail' }],
          outcome: 'judged',
          passed: false,
        },
        traceIdOf(10),
      ),
      ...told(STORIES['selected, passed']!, traceIdOf(11), '1.1'),
      ...told(STORIES['no decision']!, traceIdOf(12)),
    ]);
    const cells: Cell[] = [
      { stratum: 'settled', pi: 1, upstreamWeight: 1, traces: 2, passed: 1, failed: 1, unanswered: 0 },
      { stratum: 'suspected', pi: 1, upstreamWeight: 4, traces: 1, passed: 0, failed: 1, unanswered: 0 },
      { stratum: 'unsuspected', pi: 0.08, upstreamWeight: 1, traces: 5, passed: 1, failed: 1, unanswered: 1 },
      { stratum: 'unsuspected', pi: 0.2, upstreamWeight: 1, traces: 1, passed: 0, failed: 1, unanswered: 0 },
      // Without content: nothing was drawn.
      { stratum: 'unsuspected', pi: 1, upstreamWeight: 1, traces: 1, passed: 0, failed: 0, unanswered: 1 },
    ];
    const later: Cell[] = [
      { stratum: 'unsuspected', pi: 0.08, upstreamWeight: 1, traces: 1, passed: 1, failed: 0, unanswered: 0 },
    ];
    expect(await reader.releaseCells()).toEqual([
      { service: 'refunds', release: '1.0', criterion: '', cells },
      { service: 'refunds', release: '1.0', criterion: 'task-done', cells },
      { service: 'refunds', release: '1.1', criterion: '', cells: later },
      { service: 'refunds', release: '1.1', criterion: 'task-done', cells: later },
    ]);
  });

  it('give each criterion its own cells, and know a settled one without sampling', async () => {
    await write([
      ...told(STORIES['half settled, half judged']!, traceIdOf(1)),
      ...told(
        {
          decisions: [{ ...TWO, settled: SETTLED_PASS.settled, outcome: 'sampled_out' }],
          outcome: 'sampled_out',
          passed: null,
        },
        traceIdOf(2),
      ),
      ...told(STORIES['an abstention and no budget']!, traceIdOf(3)),
      ...told(STORIES['selected, one verdict of two']!, traceIdOf(4)),
    ]);
    const cell = { stratum: 'unsuspected', pi: 0.08, upstreamWeight: 1 } as const;
    const byCriterion = new Map((await reader.releaseCells()).map((release) => [release.criterion, release.cells]));
    expect(byCriterion.get('')).toEqual([{ ...cell, traces: 4, passed: 1, failed: 0, unanswered: 1 }]);
    expect(byCriterion.get('polite')).toEqual([{ ...cell, traces: 4, passed: 1, failed: 0, unanswered: 1 }]);
    expect(byCriterion.get('task-done')).toEqual([
      { stratum: 'settled', pi: 1, upstreamWeight: 1, traces: 2, passed: 2, failed: 0, unanswered: 0 },
      { ...cell, traces: 2, passed: 0, failed: 1, unanswered: 1 },
    ]);
  });

  it('take the latest verdict where a judge answered twice', async () => {
    const decision = decisionOn(traceIdOf(1));
    await write([
      spansRecord(traceIdOf(1)),
      jsonRecord('decisions', 'k', decision),
      jsonRecord('verdicts', 'k', verdictOn(decision, { outcome: 'error' })),
    ]);
    expect(await reader.outcomeOf('acme', traceIdOf(1))).toBe('judge_error');
    await write([jsonRecord('verdicts', 'k', verdictOn(decision, { judgedAtMs: NOW_MS + 60_000 }))]);
    expect(await reader.outcomeOf('acme', traceIdOf(1))).toBe('judged');
    expect((await reader.verdictsOf('acme', traceIdOf(1), 1)).map((verdict) => verdict.outcome)).toEqual(['pass']);
  });

  it('keep the first decision on a version, whatever comes later and however it is merged', async () => {
    const id = traceIdOf(1);
    const first = decisionOn(id, { pi: 0.5, outcome: 'sampled_out' });
    // A day later, so in another partition too.
    const again = decisionOn(id, { decidedAtMs: first.decidedAtMs + 86_400_000, firstSeenMs: NOW_MS + 86_400_000 });
    const soon = decisionOn(id, { decidedAtMs: first.decidedAtMs + 1 });
    await write([spansRecord(id)]);
    for (const decision of [soon, first, again]) await write([jsonRecord('decisions', 'k', decision)]);
    const seen = async (): Promise<unknown[]> => [
      await reader.decisionOf('acme', id),
      (await reader.decisionsOfMany([id])).get(id),
      await reader.outcomeOf('acme', id),
      (await reader.coverage()).sampled_out,
    ];
    expect(await seen()).toEqual([first, first, 'sampled_out', 1]);
    await connection.run(`OPTIMIZE TABLE ${alterable('assay_decisions', connection.tableForm)} FINAL`);
    expect(await seen()).toEqual([first, first, 'sampled_out', 1]);
    expect(
      await connection.rows(
        `SELECT count() AS n FROM assay_decisions WHERE toDate(first_seen_at) = toDate(${NOW_MS / 1_000})`,
      ),
    ).toEqual([{ n: 1 }]);
  });

  it('list newest first, and only what is asked for', async () => {
    await write(
      [
        {
          decisions: [{ firstSeenMs: NOW_MS, stratum: 'suspected' as const, suspicion: 0.9, pi: 1 }],
          verdicts: [{ outcome: 'fail' as const }],
        },
        { decisions: [{ firstSeenMs: NOW_MS + 1, outcome: 'sampled_out' as const, release: '1.1' }] },
        { decisions: [{ firstSeenMs: NOW_MS + 2 }], verdicts: [{ outcome: 'error' as const }] },
        { decisions: [{ firstSeenMs: NOW_MS + 3 }], verdicts: [{ outcome: 'pass' as const }] },
      ].flatMap((story, n) => told({ ...story, outcome: 'judged', passed: null }, traceIdOf(n + 1))),
    );
    const listed = async (filter: Parameters<StoreReader['listTraces']>[0]): Promise<number[]> =>
      (await reader.listTraces(filter)).map((row) => Number(`0x${row.traceId}`));
    expect(await listed({ limit: 10 })).toEqual([4, 3, 2, 1]);
    expect(await listed({ limit: 2 })).toEqual([4, 3]);
    expect(await listed({ limit: 10, only: 'failed' })).toEqual([1]);
    expect(await listed({ limit: 10, only: 'suspected' })).toEqual([1]);
    expect(await listed({ limit: 10, only: 'unjudged' })).toEqual([3, 2]);
    expect(await listed({ limit: 10, only: 'errors' })).toEqual([3]);
    expect(await listed({ limit: 10, release: '1.1' })).toEqual([2]);
    expect(await listed({ limit: 10, release: "1.1' OR '1'='1" })).toEqual([]);
    expect((await reader.listTraces({ limit: 1 }))[0]).toEqual({
      traceId: traceIdOf(4),
      tenant: 'acme',
      service: 'refunds',
      release: '1.0',
      firstSeenAt: new Date(NOW_MS + 3).toISOString(),
      durationMs: 250.5,
      outcome: 'judged',
      passed: true,
      stratum: 'unsuspected',
      suspicion: 0.1,
      findings: [],
      reason: 'the refund was made',
    });
  });

  it('give each span once, of the tenant that is asked for, in order of start', async () => {
    const [id, other] = [traceIdOf(1), traceIdOf(2)];
    await write([spansRecord(id, { count: 3 }), spansRecord(other)]);
    await write([spansRecord(id, { count: 2 }), spansRecord(id, { tenant: 'other', count: 1 })]);
    const spans = await reader.spansOf('acme', id);
    expect(spans.map((span) => span.name)).toEqual(['invoke_agent', 'chat', 'chat']);
    expect(spans.map((span) => span.startNs)).toEqual([0n, 1n, 2n].map((n) => BigInt(NOW_MS) * 1_000_000n + n));
    expect(await reader.spansOf('other', id)).toHaveLength(1);
    expect(await reader.spansOf(undefined, id)).toHaveLength(4);
    expect(await reader.spansOf('acme', traceIdOf(99))).toEqual([]);
    const many = await reader.spansOfMany([id, other, traceIdOf(99)]);
    expect([...many].map(([key, each]) => [key, each.length])).toEqual([
      [id, 4],
      [other, 2],
    ]);
    expect(await reader.spansOfMany([])).toEqual(new Map());
    expect(await reader.counts()).toMatchObject({ spans: 6 });
  });

  it('go through decided traces in order of their ids', async () => {
    await write([3, 1, 2, 4].flatMap((n) => told(STORIES[n === 4 ? 'no decision' : 'sampled out']!, traceIdOf(n))));
    expect(await reader.traceIdsAfter('', 2)).toEqual([traceIdOf(1), traceIdOf(2)]);
    expect(await reader.traceIdsAfter(traceIdOf(2), 2)).toEqual([traceIdOf(3)]);
  });

  it('find a trace by its id in any case or by its first digits, and say clearly when they do not', async () => {
    const [first, second] = ['abcdef0123456789abcdef0123456789', 'abcdef01ffffffffabcdef0123456789'];
    await write([
      spansRecord(first),
      spansRecord(second),
      spansRecord(traceIdOf(1)),
      spansRecord(traceIdOf(1), { tenant: 'other' }),
    ]);
    expect(await reader.resolveTrace(first.toUpperCase())).toEqual({ tenant: 'acme', traceId: first });
    expect(await reader.resolveTrace(' ABCDEF012345 ')).toEqual({ tenant: 'acme', traceId: first });
    const refused = async (given: string): Promise<string> => {
      const error: unknown = await reader.resolveTrace(given).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'TRACE_UNKNOWN' });
      return (error as Error).message;
    };
    expect(await refused('abcdef01')).toBe(
      `expected one trace that begins with abcdef01, got several, such as ${first}, ${second}; give more digits`,
    );
    expect(await refused('abcdef0')).toMatch(
      /^expected a trace id of 32 hex digits, or its first 8 or more, got "abcdef0"/,
    );
    expect(await refused('0123456789')).toMatch(/got none for 0123456789/);
    expect(await refused("00000000' OR 1=1")).toMatch(/expected a trace id/);
    expect(await refused(traceIdOf(1))).toMatch(/one of each of the tenants acme, other/);
    await expect(reader.outcomeOf('acme', traceIdOf(77))).rejects.toMatchObject({ code: 'TRACE_UNKNOWN' });
    expect(await reader.decisionOf(undefined, traceIdOf(77))).toBeUndefined();
  });

  it('total the money, with lost calls as reserved, each call once and free ones outside the mean', async () => {
    expect(await reader.spend()).toEqual({ usd: 0, lostUsd: 0, calls: 0, meanCallUsd: 0, judgeable: 0 });
    const records = [
      ...told({ ...STORIES['sampled out']!, decisions: [TWO] }, traceIdOf(1)),
      jsonRecord('spend', 'k', spendOf('c-1', { settledMicroUsd: 100 })),
      jsonRecord('spend', 'k', spendOf('c-2', { settledMicroUsd: 300 })),
      jsonRecord('spend', 'k', spendOf('c-3', { status: 'lost', reservedMicroUsd: 500, settledMicroUsd: 0 })),
      jsonRecord('spend', 'k', spendOf('c-4', { settledMicroUsd: 0 })),
    ];
    await write(records);
    await write(records);
    expect(await reader.spend()).toEqual({ usd: 0.0009, lostUsd: 0.0005, calls: 4, meanCallUsd: 0.0002, judgeable: 2 });
  });

  it('keep what is excluded out of every rate, and of the price of judging everything', async () => {
    const excluded = {
      decisions: [{ ...TWO, complete: false, stratum: 'suspected' as const, outcome: 'excluded' as const }],
      outcome: 'excluded' as const,
      passed: null,
    };
    await write([...told(excluded, traceIdOf(1)), ...told(STORIES['selected, passed']!, traceIdOf(2))]);
    const cells = (await reader.releaseCells()).flatMap((entry) =>
      entry.cells.map((cell) => [entry.criterion, cell.traces]),
    );
    expect(cells).toEqual([['', 1], ['task-done', 1]]); // prettier-ignore
    expect(await reader.coverage()).toMatchObject({ received: 2, excluded: 1, judged: 1 });
    expect((await reader.spend()).judgeable).toBe(1);
    expect(await reader.incomplete()).toBe(0);
    expect(await reader.counts()).toMatchObject({ decided: 2, suspected: 0 });
    const listed = async (only: 'suspected' | 'unjudged' | 'excluded'): Promise<number> =>
      (await reader.listTraces({ only, limit: 9 })).length;
    expect([await listed('suspected'), await listed('unjudged'), await listed('excluded')]).toEqual([0, 0, 1]);
  });

  it('count the hits of the cache that were judged all the same, each once', async () => {
    expect(await reader.cacheAudits()).toEqual({ agreed: 0, flipped: 0 });
    const audited = ['agreed', 'flipped', 'agreed', ''] as const;
    const records = audited.flatMap((cacheAudit, n) => {
      const decision = decisionOn(traceIdOf(n + 1));
      return [spansRecord(decision.traceId), jsonRecord('verdicts', 'k', verdictOn(decision, { cacheAudit }))];
    });
    await write(records);
    await write(records);
    expect(await reader.cacheAudits()).toEqual({ agreed: 2, flipped: 1 });
  });

  it('count incomplete traces and what the panel shows', async () => {
    await write([
      ...told(
        { decisions: [{ complete: false, stratum: 'incomplete' }], outcome: 'pending', passed: null },
        traceIdOf(1),
      ),
      ...told(
        { decisions: [{ stratum: 'suspected' }], verdicts: [{ outcome: 'pass' }], outcome: 'judged', passed: true },
        traceIdOf(2),
      ),
      ...told(STORIES['settled, failed']!, traceIdOf(3)),
    ]);
    expect(await reader.incomplete()).toBe(1);
    expect(await reader.counts()).toEqual({ spans: 6, decided: 3, suspected: 1, settled: 1, judged: 1 });
  });

  it('refuse to answer before the start and after the stop', async () => {
    const closed = createStoreReader(store.options);
    await closed.stop(signal);
    await expect(closed.coverage()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});
