import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Decision } from '../core/decision.js';
import type { Label } from '../core/label.js';
import type { LogRecord, StoredRecord } from '../core/log.js';
import { openStoreConnection, type StoreConnection } from './connection.js';
import { createStoreReader, type StoreReader } from './reader.js';
import { decisionOn, jsonRecord, labelOn, NOW_MS, TENANT, traceIdOf, verdictOn } from './samples.test-support.js';
import { openTestStore, STORES, type TestStore } from './stores.test-support.js';
import { writeRecords } from './write-records.test-support.js';

const signal = new AbortController().signal;
const WEEK_MS = 7 * 86_400_000;
const SETTLED = {
  settled: [{ criterion: 'task-done', outcome: 'fail', check: 'tool-arguments' }],
  stratum: 'settled',
  outcome: 'settled',
  pi: 1,
} as const;

/** One trace: what was decided of it, what the judge said, what people said. */
interface Story {
  readonly decision?: Partial<Decision>;
  readonly verdict?: 'pass' | 'fail';
  readonly labels?: readonly Partial<Label>[];
}

const DRAWN = { queue: 'cell' } as const;
const STORIES: readonly Story[] = [
  { verdict: 'pass', labels: [{ ...DRAWN, value: 'pass' }] },
  { verdict: 'pass', labels: [{ ...DRAWN, value: 'fail' }], decision: { pi: 0.04 } },
  { verdict: 'pass', labels: [{ ...DRAWN, value: 'skip' }] },
  // Picked by somebody: asked about again when it is drawn, and in no rate until then.
  { verdict: 'pass', labels: [{ queue: 'chosen', value: 'fail' }] },
  { verdict: 'fail', labels: [{ ...DRAWN, value: 'fail' }] },
  { verdict: 'fail' },
  { decision: SETTLED },
  { decision: { outcome: 'sampled_out' }, labels: [{ queue: 'audit', value: 'fail', labelledAtMs: NOW_MS + 90_000 }] },
  { decision: { outcome: 'sampled_out' } },
  { decision: { outcome: 'sampled_out', release: '1.1' } },
  { decision: { outcome: 'sampled_out', firstSeenMs: NOW_MS - 2 * WEEK_MS } },
  { decision: { outcome: 'sampled_out', reason: 'erased' } },
  { decision: { outcome: 'excluded' } },
  { decision: { outcome: 'abstained' } },
];

describe.each(STORES)('labels (%s)', (kind) => {
  let store: TestStore;
  let connection: StoreConnection;
  let reader: StoreReader;

  beforeAll(async () => {
    store = await openTestStore(kind);
    connection = await openStoreConnection(store.options);
    reader = createStoreReader(store.options);
    await reader.start(signal);
    const decisions: LogRecord[] = [];
    const verdicts: LogRecord[] = [];
    const labels: LogRecord[] = [];
    STORIES.forEach((story, n) => {
      const id = traceIdOf(n);
      const decision = decisionOn(id, { criteria: ['task-done'], ...story.decision });
      decisions.push(jsonRecord('decisions', id, decision));
      if (story.verdict !== undefined)
        verdicts.push(jsonRecord('verdicts', id, verdictOn(decision, { outcome: story.verdict })));
      for (const label of story.labels ?? []) labels.push(jsonRecord('labels', id, labelOn(decision, label)));
    });
    for (const records of [decisions, verdicts, labels]) await writeRecords(connection, records.map(toStored), 'a');
  });

  afterAll(async () => {
    await reader.stop(signal);
    await connection.close();
    await store.close();
  });

  function toStored(record: LogRecord, offset: number): StoredRecord {
    return { ...record, headers: {}, partition: 0, offset, acceptedAtMs: NOW_MS };
  }

  it('counts what people said of drawn traces by stratum and verdict, weighted', async () => {
    const slices = await reader.labelledCells({ release: '1.0' });
    expect(slices.map(({ criterion }) => criterion)).toEqual(['', 'task-done']);
    const cells = slices[0]!.cells;
    expect(cells.map(({ stratum, passed, traces, labels }) => [stratum, passed, traces, labels])).toEqual([
      ['settled', false, 1, 0],
      ['unsuspected', false, 2, 1],
      ['unsuspected', true, 4, 2],
    ]);
    const passed = cells[2]!;
    // Three traces at π = .08 and one at .04; of these a pass and the fail at .04 have a label that counts.
    expect(passed.weight).toBeCloseTo(3 * 12.5 + 25, 9);
    expect(passed.labelWeight).toBeCloseTo(12.5 + 25, 9);
    expect(passed.labelSquares).toBeCloseTo(12.5 ** 2 + 25 ** 2, 9);
    expect(passed.failedWeight).toBeCloseTo(25, 9);
    expect(passed.newestLabelMs).toBe(NOW_MS + 62_300);
    expect(slices[1]!.cells).toEqual(cells);
  });

  it('counts the traces that nothing flagged, and the audited ones among them', async () => {
    const [own] = await reader.unflagged({ release: '1.0' });
    // Four that passed, four that were sampled out; what failed, settled, is excluded or has no text is not among them.
    expect(own).toEqual({
      ...{ service: 'refunds', release: '1.0', traces: 8, labels: 1 },
      ...{ labelWeight: 1, labelSquares: 1, failedWeight: 1 },
    });
  });

  it('asks about drawn traces only, and about none twice', async () => {
    const drawn = await reader.cellCandidates({ sinceMs: NOW_MS - WEEK_MS }, 10);
    const shown = drawn.map(({ traceId, stratum, passed }) => [Number.parseInt(traceId, 16), stratum, passed]);
    expect(new Set(shown.map(String))).toEqual(
      new Set(['3,unsuspected,true', '5,unsuspected,false', '6,settled,false']),
    );
    expect(drawn[0]).toMatchObject({ queue: 'cell', tenant: TENANT, version: 1, criteria: ['task-done'] });
    expect(await reader.cellCandidates({ release: 'none' }, 10)).toEqual([]);
  });

  it('draws the audit among what nothing flagged, judged or not', async () => {
    const drawn = await reader.auditCandidates({ sinceMs: NOW_MS - WEEK_MS }, 10);
    expect(drawn.map(({ traceId }) => Number.parseInt(traceId, 16)).sort((a, b) => a - b)).toEqual([3, 8, 9]);
    expect(new Set(drawn.map(({ passed }) => passed))).toEqual(new Set([null]));
    expect(await reader.auditCandidates({}, 1)).toHaveLength(1);
    expect(await reader.auditCandidates({}, 10)).toEqual(await reader.auditCandidates({}, 10));
  });

  it('counts the audits of a week', async () => {
    expect(await reader.auditedSince(NOW_MS, {})).toBe(1);
    expect(await reader.auditedSince(NOW_MS + 100_000, {})).toBe(0);
  });

  it('keeps what a person said last, and gives it back in order of time', async () => {
    const before = await reader.labelsSince(0);
    expect(before).toHaveLength(6);
    const anew = labelOn(decisionOn(traceIdOf(0)), { value: 'fail', labelledAtMs: NOW_MS + 200_000 });
    await writeRecords(connection, [toStored(jsonRecord('labels', anew.traceId, anew), 100)], 'b');
    const after = await reader.labelsSince(0);
    expect(after).toHaveLength(6);
    expect(after.at(-1)).toEqual(anew);
    expect(await reader.labelsSince(NOW_MS + 150_000)).toEqual([anew]);
  });

  it('tells traces apart by tenant, environment and criterion', async () => {
    const by = async (slice: 'tenant' | 'environment' | 'criterion' | 'service'): Promise<unknown> => [
      ...new Set((await reader.releaseCells({ by: slice })).map(({ release }) => release)),
    ];
    expect(await by('tenant')).toEqual([TENANT]);
    expect(await by('environment')).toEqual(['prod']);
    expect(await by('criterion')).toEqual(['task-done']);
    expect(await by('service')).toEqual(['']);
  });

  it('counts only what was first seen since', async () => {
    const traces = async (sinceMs: number): Promise<number> =>
      (await reader.releaseCells({ by: 'service', sinceMs }))
        .filter(({ criterion }) => criterion === '')
        .flatMap(({ cells }) => cells)
        .reduce((sum, cell) => sum + cell.traces, 0);
    expect(await traces(NOW_MS - 3 * WEEK_MS)).toBe(13);
    expect(await traces(NOW_MS - WEEK_MS)).toBe(12);
    expect(await traces(NOW_MS + 1)).toBe(0);
  });
});
