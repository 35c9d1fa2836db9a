import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Decision } from '../core/decision.js';
import type { Verdict } from '../core/verdict.js';
import { openStoreConnection, type StoreConnection } from './connection.js';
import { listTraces } from './ledger-queries.js';
import { toDecisionRow, toVerdictRow } from './ledger-rows.js';
import { createStoreReader, type StoreReader } from './reader.js';
import { decisionOn, traceIdOf, verdictOn } from './samples.test-support.js';
import { openTestStore, STORES, type TestStore } from './stores.test-support.js';

const signal = new AbortController().signal;

/** A decided trace, and what the list must say of it. */
interface Case {
  readonly decision: Partial<Decision>;
  readonly verdicts: readonly Partial<Verdict>[];
  readonly reason: string;
}

const CASES: Readonly<Record<string, Case>> = {
  'of a judged failure the explanation of the judge': {
    decision: {},
    verdicts: [{ outcome: 'fail', explanation: 'nothing was refunded' }],
    reason: 'nothing was refunded',
  },
  'of a failure by one criterion of two the explanation of that one': {
    decision: { criteria: ['task-done', 'polite'] },
    verdicts: [
      { outcome: 'pass', explanation: 'done' },
      { criterion: 'polite', outcome: 'fail', explanation: 'it cursed' },
    ],
    reason: 'it cursed',
  },
  'of a judge error its reason': {
    decision: {},
    verdicts: [{ outcome: 'error', explanation: '', reason: 'the provider refused the key' }],
    reason: 'the provider refused the key',
  },
  'of an answer that replaced another the latest': {
    decision: {},
    verdicts: [
      { evalId: 'old', outcome: 'fail', explanation: 'first thought', judgedAtMs: 1_760_000_003_000 },
      { evalId: 'new', outcome: 'fail', explanation: 'second thought', judgedAtMs: 1_760_000_004_000 },
    ],
    reason: 'second thought',
  },
  'of an abstention its reason': {
    decision: {},
    verdicts: [{ outcome: 'abstain', explanation: 'x', reason: 'no side won' }],
    reason: 'no side won',
  },
  'of a decision to abstain that of the decision': {
    decision: { outcome: 'abstained', reason: 'no content' },
    verdicts: [],
    reason: 'no content',
  },
  'of a settled failure what the check found, whatever an audit says': {
    decision: {
      outcome: 'settled',
      stratum: 'settled',
      settled: [{ criterion: 'task-done', outcome: 'fail', check: 'broken-arguments' }],
      findings: [
        { check: 'budget', severity: 'note', message: 'long', spanId: '' },
        { check: 'broken-arguments', severity: 'settles', message: 'cut in the middle', spanId: 'a' },
      ],
    },
    verdicts: [{ audit: true, outcome: 'fail', explanation: 'audited' }],
    reason: 'cut in the middle',
  },
  'of a trace that was not selected that of the decision': {
    decision: { outcome: 'sampled_out', reason: 'not drawn' },
    verdicts: [],
    reason: 'not drawn',
  },
};

describe.each(STORES)('the reason in the list of traces is (%s)', (kind) => {
  let store: TestStore;
  let connection: StoreConnection;
  let reader: StoreReader;

  beforeAll(async () => {
    store = await openTestStore(kind);
    connection = await openStoreConnection(store.options);
    reader = createStoreReader(store.options);
    await reader.start(signal);
    const decisions = Object.values(CASES).map(({ decision }, n) => decisionOn(traceIdOf(n + 1), decision));
    const verdicts = Object.values(CASES).flatMap((each, n) =>
      each.verdicts.map((verdict) => verdictOn(decisions[n]!, verdict)),
    );
    const lines = (rows: readonly object[]): string => rows.map((row) => JSON.stringify(row)).join('\n');
    await connection.insert({ table: 'assay_decisions', lines: lines(decisions.map(toDecisionRow)), token: '1' });
    await connection.insert({ table: 'assay_verdicts', lines: lines(verdicts.map(toVerdictRow)), token: '2' });
  });

  afterAll(async () => {
    await reader.stop(signal);
    await connection.close();
    await store.close();
  });

  it.each(Object.entries(CASES).map(([name, { reason }], n) => ({ name, reason, traceId: traceIdOf(n + 1) })))(
    '$name',
    async ({ reason, traceId }) => {
      const rows = await listTraces(connection, { limit: 100 });
      expect(rows.filter((row) => row.traceId === traceId).map((row) => row.reason)).toEqual([reason]);
    },
  );
});
