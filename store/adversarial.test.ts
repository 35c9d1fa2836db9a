import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { caseIdOf, type AdversarialCase, type CaseContent } from '../core/adversarial-case.js';
import type { LogRecord, StoredRecord } from '../core/log.js';
import { openStoreConnection, type StoreConnection } from './connection.js';
import { createStoreReader, type StoreReader } from './reader.js';
import { decisionOn, jsonRecord, logsRecord, NOW_MS, TENANT, traceIdOf, verdictOn } from './samples.test-support.js';
import { openTestStore, STORES, type TestStore } from './stores.test-support.js';
import { writeRecords } from './write-records.test-support.js';

const signal = new AbortController().signal;

function caseOf(changes: Partial<AdversarialCase> = {}): AdversarialCase {
  const content: CaseContent = {
    ...{ tenant: TENANT, traceId: '', criterion: '', input: 'refund “ORD-1” twice', contains: 'once', lacks: '' },
    ...{ matches: '', pattern: '' },
    ...changes,
  };
  const rest = { origin: 'command', note: 'seen in June', addedBy: 'ana', addedAtMs: NOW_MS - 60_000 } as const;
  return { caseId: caseIdOf(content), ...content, ...rest, ...changes };
}

describe.each(STORES)('the adversarial set (%s)', (kind) => {
  let store: TestStore;
  let connection: StoreConnection;
  let reader: StoreReader;
  let token = 0;

  beforeAll(async () => {
    store = await openTestStore(kind);
    reader = createStoreReader(store.options);
    await reader.start(signal);
    connection = await openStoreConnection(store.options);
  });

  afterAll(async () => {
    await connection.close();
    await reader.stop(signal);
    await store.close();
  });

  async function write(...records: readonly LogRecord[]): Promise<void> {
    for (const record of records) {
      const stored: StoredRecord = { headers: {}, ...record, partition: 0, offset: token, acceptedAtMs: NOW_MS };
      await writeRecords(connection, [stored], String((token += 1)));
    }
  }

  it('keeps a case as it was added first, whoever adds it again', async () => {
    const first = caseOf();
    const again = caseOf({ addedAtMs: NOW_MS, addedBy: 'ben', note: 'again' });
    const other = caseOf({ lacks: 'gladly', addedAtMs: NOW_MS + 1 });
    await write(...[first, again, first, other].map((one) => jsonRecord('adversarial', one.caseId, one)));
    expect(again.caseId).toBe(first.caseId);
    expect(await reader.adversarialCases()).toEqual([first, other]);
    const rows = await connection.rows<{ rows: number }>('SELECT count() AS rows FROM assay_adversarial');
    expect(rows).toEqual([{ rows: 4 }]);
  });

  it('counts answered traces that hold a pattern, each as likely as those of the stratum judged least', async () => {
    const one = caseOf({ input: 'x', pattern: 'MESSAGE 1', addedAtMs: NOW_MS - 1 });
    const ofCriterion = caseOf({ input: 'y', pattern: 'message 2', criterion: 'polite', addedAtMs: NOW_MS + 5_000 });
    const suspected = Array.from({ length: 200 }, (_, index) =>
      decisionOn(traceIdOf(1_000 + index), { stratum: 'suspected', pi: 1, policyVersion: 7 }),
    );
    const unsuspected = decisionOn(traceIdOf(2_000), { pi: 0.25, policyVersion: 7 });
    const waiting = decisionOn(traceIdOf(2_001), { pi: 0.25, policyVersion: 7 });
    const without = decisionOn(traceIdOf(2_002), { pi: 0.25, policyVersion: 7 });
    const before = decisionOn(traceIdOf(2_003), { pi: 0.25, policyVersion: 7, firstSeenMs: NOW_MS - 60_000 });
    const pi = { suspected: 1, unsuspected: 0.25, incomplete: 1, settled: 0.01 };
    await write(
      jsonRecord('policies', 'k', { version: 7, effectiveFromMs: NOW_MS - 100_000, pi, reason: 'a test' }),
      ...[one, ofCriterion].map((each) => jsonRecord('adversarial', each.caseId, each)),
      ...[unsuspected, waiting, before].map(({ traceId }) => logsRecord(traceId, 3)),
      logsRecord(without.traceId, 1),
    );
    const judged = [...suspected, unsuspected, without, before];
    let at = 0;
    const stored = (record: LogRecord): StoredRecord => ({
      ...{ headers: {}, ...record, partition: 1, offset: (at += 1), acceptedAtMs: NOW_MS },
    });
    await writeRecords(
      connection,
      suspected.map(({ traceId }) => stored(logsRecord(traceId, 3))),
      'many logs',
    );
    await writeRecords(
      connection,
      [...judged, waiting].map((decision) => stored(jsonRecord('decisions', decision.traceId, decision))),
      'many decisions',
    );
    await writeRecords(
      connection,
      judged.map((each) => stored(jsonRecord('verdicts', each.traceId, verdictOn(each, { outcome: 'fail' })))),
      'many verdicts',
    );
    const answers = await reader.caseAnswers(NOW_MS - 1_000);
    const ids = answers.map(({ traceId }) => traceId);
    expect(ids).toContain(unsuspected.traceId);
    for (const left of [waiting, without, before]) expect(ids).not.toContain(left.traceId);
    expect(answers.find(({ traceId }) => traceId === unsuspected.traceId)).toEqual({
      ...{ tenant: TENANT, traceId: unsuspected.traceId, service: 'refunds', release: '1.0', environment: 'prod' },
      ...{ passed: false, firstSeenMs: NOW_MS },
    });
    // A quarter of 200, and at most four standard deviations away.
    expect(ids.length - 1).toBeGreaterThan(25);
    expect(ids.length - 1).toBeLessThan(75);
    expect(await reader.caseAnswers(NOW_MS + 86_400_000)).toEqual([]);
  });
});

describe('the statements of the store that delete or change rows', () => {
  const folder = import.meta.dirname;
  const code = new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|sql)$/.test(name) && !/\.(test|test-support)\.ts$/.test(name))
      .map((name) => [
        name,
        readFileSync(join(folder, name), 'utf8').replace(/\/\*\*[\s\S]*?\*\/|^\s*(--|\/\/).*$/gm, ''),
      ]),
  );
  const filesWith = (pattern: RegExp): string[] =>
    [...code]
      .filter(([, text]) => pattern.test(text))
      .map(([name]) => name)
      .sort();

  it('are in these files, of which each names its tables and none the adversarial set', () => {
    const changing = filesWith(
      /ALTER TABLE|TRUNCATE TABLE|DROP (TABLE|PARTITION|VIEW)|DELETE (FROM|IN|WHERE)|RENAME TABLE/,
    );
    expect(changing.filter((name) => name.endsWith('.ts'))).toEqual(['mutate.ts', 'retention.ts']);
    const tables = [...changing, 'erase.ts'].flatMap((name) => [...code.get(name)!.matchAll(/assay_\w+|otel_\w+/g)]);
    expect(tables.length).toBeGreaterThan(5);
    for (const [table] of tables) expect(table).not.toContain('assay_adversarial');
  });

  it('take no table from anywhere else', () => {
    expect(filesWith(/\bmutate\(/)).toEqual(['erase.ts', 'mutate.ts']);
    expect(filesWith(/assay_adversarial\b/)).toEqual(['migrations/0008-adversarial.sql', 'topic-tables.ts']);
    expect(code.get('migrations/0008-adversarial.sql')).toMatch(/ENGINE = \{engine:MergeTree\}/);
    expect(code.get('migrations/0008-adversarial.sql')).not.toMatch(/\bTTL\b/);
  });
});

it('holds cases apart by all that they ask, and by their trace only where they do not say', () => {
  const { caseId } = caseOf();
  for (const part of ['criterion', 'contains', 'lacks', 'matches', 'pattern', 'tenant', 'input'] as const)
    expect(caseOf({ [part]: 'other' }).caseId, part).not.toBe(caseId);
  expect(caseOf({ traceId: traceIdOf(1) }).caseId).toBe(caseId);
  expect(caseOf({ input: '', traceId: traceIdOf(1) }).caseId).not.toBe(
    caseOf({ input: '', traceId: traceIdOf(2) }).caseId,
  );
});
