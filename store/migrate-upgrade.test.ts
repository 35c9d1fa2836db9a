import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStoreConnection, type StoreConnection } from './connection.js';
import { storeConfig } from './config.js';
import { decisionOf, verdictsOf } from './ledger-queries.js';
import { toDecisionRow, toVerdictRow } from './ledger-rows.js';
import { migrate, readMigrations } from './migrate.js';
import { decisionOn, traceIdOf, verdictOn } from './samples.test-support.js';

/** The last migration of the version that had neither log events nor excluded traces. */
const BEFORE_LOGS = 3;

describe('migrate', () => {
  let folder: string;
  let old: StoreConnection;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'assay-store-'));
    old = await openStoreConnection({ ...storeConfig.parse({}), dataDirectory: folder });
  });

  afterAll(async () => {
    await old.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('opens a store that the version before wrote, and reads its rows with what they lack empty', async () => {
    for (const { version, statements } of await readMigrations())
      if (version <= BEFORE_LOGS) for (const statement of statements) await old.run(statement);
    await old.run('CREATE TABLE assay_migrations (version UInt32, name String) ENGINE = MergeTree ORDER BY version');
    await old.run(`INSERT INTO assay_migrations SELECT number + 1, '' FROM numbers(${BEFORE_LOGS})`);
    const { log_count, root_span_id, ...decision } = toDecisionRow(decisionOn(traceIdOf(1)));
    const { span_id, cache_audit, by_hand, disputed, ...verdict } = toVerdictRow(verdictOn(decisionOn(traceIdOf(1))));
    expect([log_count, root_span_id, span_id, cache_audit, by_hand, disputed]).not.toContain(undefined);
    await old.insert({ table: 'assay_decisions', lines: JSON.stringify(decision), token: '1' });
    await old.insert({ table: 'assay_verdicts', lines: JSON.stringify(verdict), token: '1' });
    expect((await migrate(old))[0]).toBe(BEFORE_LOGS + 1);
    expect(await decisionOf(old, 'acme', traceIdOf(1))).toEqual(
      decisionOn(traceIdOf(1), { logCount: 0, rootSpanId: '' }),
    );
    const changes = { spanId: '', cacheAudit: '', byHand: false, disputed: false } as const;
    expect(await verdictsOf(old, 'acme', { traceId: traceIdOf(1), version: 1 })).toEqual([
      verdictOn(decisionOn(traceIdOf(1)), changes),
    ]);
    expect(await old.rows('SELECT log_count, root_span_id, ledger_outcome FROM assay_results')).toEqual([
      { log_count: 0, root_span_id: '', ledger_outcome: 'judged' },
    ]);
    // The version before writes on, into the tables as they are now.
    await old.insert({ table: 'assay_decisions', lines: JSON.stringify({ ...decision, version: 2 }), token: '2' });
    expect((await decisionOf(old, 'acme', traceIdOf(1)))?.version).toBe(2);
  });
});
