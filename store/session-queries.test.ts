import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LogRecord, StoredRecord } from '../core/log.js';
import { openStoreConnection, type StoreConnection } from './connection.js';
import { createStoreReader, type StoreReader } from './reader.js';
import { decisionOn, jsonRecord, NOW_MS, traceIdOf, verdictOn } from './samples.test-support.js';
import { openTestStore, STORES, type TestStore } from './stores.test-support.js';
import { writeRecords } from './write-records.test-support.js';

const signal = new AbortController().signal;

/** Ten traces that pass, each of its own session; two that fail: of one session, or of two. */
const RELEASES = { retried: (n: number) => (n < 10 ? '' : 'same'), apart: (n: number) => `s-${n}` };

describe.each(STORES)('sessionEffects (%s)', (kind) => {
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
    Object.entries(RELEASES).forEach(([release, sessionOf], at) => {
      for (let n = 0; n < 12; n += 1) {
        const id = traceIdOf(100 * at + n);
        const decision = decisionOn(id, { release, sessionId: sessionOf(n), criteria: ['task-done'] });
        decisions.push(jsonRecord('decisions', id, decision));
        verdicts.push(jsonRecord('verdicts', id, verdictOn(decision, { outcome: n < 10 ? 'pass' : 'fail' })));
      }
    });
    for (const records of [decisions, verdicts]) await writeRecords(connection, records.map(toStored), 'a');
  });

  afterAll(async () => {
    await reader.stop(signal);
    await connection.close();
    await store.close();
  });

  function toStored(record: LogRecord, offset: number): StoredRecord {
    return { ...record, headers: {}, partition: 0, offset, acceptedAtMs: NOW_MS };
  }

  it('is 1 for traces that each have a session of their own', async () => {
    const [whole, criterion] = await reader.sessionEffects({ release: 'apart' });
    expect(whole).toMatchObject({ criterion: '', sessions: 12, largest: 1 });
    expect(whole!.effect).toBeCloseTo(1, 12);
    expect(criterion!.effect).toBeCloseTo(1, 12);
  });

  // By hand: mean 1/6; ten residuals of -1/6, two of 5/6. Apart 10/36 + 50/36 = 60/36; together 10/36 + 100/36 = 110/36.
  it('grows when a session fails more than once', async () => {
    const [whole] = await reader.sessionEffects({ release: 'retried' });
    expect(whole).toMatchObject({ sessions: 11, largest: 2 });
    expect(whole!.effect).toBeCloseTo(110 / 60, 12);
  });
});
