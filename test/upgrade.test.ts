import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report, TraceRow, Why } from '../app/index.js';
import { traceIdOf } from '../bench/agent-run.js';
import { packageRoot } from '../core/package-root.js';
import { askAssay, startAssayProcess, temporaryDirectory, type AssayProcess } from './helpers/assay-process.js';
import { deliver } from './helpers/deliver.js';
import { judgeArgs, startJudgeServer, type JudgeServer } from './helpers/judge-server.js';
import { until } from './helpers/until.js';
import { FINISHED, LATE, lateSpan, runOf, UPGRADE_SETTINGS, type UpgradeRecord } from './upgrade-world.test-support.js';

const FOLDER = join(packageRoot(), 'test/fixtures/upgrade');
const COMMITS = readdirSync(FOLDER).flatMap((file) =>
  file.endsWith('.tar.gz') ? [file.slice(0, -'.tar.gz'.length)] : [],
);
const NEW = 30;

/** The fixture grows older than any retention. */
const KEEPS_ALL = ['--set', 'store.retention.days=0'] as const;

describe.each(COMMITS)('a data directory of %s', { timeout: 300_000 }, (commit) => {
  const record = JSON.parse(readFileSync(join(FOLDER, `${commit}.json`), 'utf8')) as UpgradeRecord;
  const data = temporaryDirectory();
  let judge: JudgeServer;
  let assay: AssayProcess & { readonly url: string };
  const ask = <T>(...args: readonly string[]): Promise<T> => askAssay(data, ...args);

  beforeAll(async () => {
    execFileSync('tar', ['-xzf', join(FOLDER, `${commit}.tar.gz`), '-C', data]);
    judge = await startJudgeServer();
    // The criterion that the version of the fixture had: a second one would be no answer that was missing then.
    const args = [...judgeArgs(judge), ...UPGRADE_SETTINGS, '--set', 'judges.criteria=[task-completion]', ...KEEPS_ALL];
    assay = await startAssayProcess({ data, args });
  }, 120_000);
  afterAll(async () => {
    await assay.stop();
    await judge.close();
  }, 60_000);

  it('has what the kill left unread and unjudged processed, each trace once', async () => {
    const waiting = [...record.unjudged, ...record.unread];
    const report = await until(
      () => ask<Report>('report'),
      ({ coverage }) =>
        coverage.received === FINISHED.length + waiting.length && coverage.open + coverage.pending === 0,
      200_000,
    );
    const { received, ...outcomes } = report.coverage;
    expect(Object.values(outcomes).reduce((sum, count) => sum + count, 0)).toBe(received);
    for (const traceId of waiting) expect((await ask<Why>('why', traceId)).trajectory.input).toContain('refund');
  });

  it('tells the old traces and their rates as the version did that wrote it', async () => {
    const ids = new Set(record.traces.map(({ traceId }) => traceId));
    const known = new Set(FINISHED.map(traceIdOf));
    const rows = (await ask<readonly TraceRow[]>('traces', '--limit', '1000')).filter(({ traceId }) =>
      ids.has(traceId),
    );
    const before = record.traces.filter(({ traceId }) => known.has(traceId));
    expect(rows.filter(({ traceId }) => known.has(traceId))).toEqual(before);
    const { releases } = await ask<Report>('report');
    const old = releases.filter(({ release }) => release !== '2.0');
    // More is told of each by now.
    expect(old).toMatchObject(record.report.releases);
  });

  it('tells the whole story of each old trace, whatever has been added to it since', async () => {
    for (const told of record.why) expect(await ask<Why>('why', told.traceId)).toMatchObject({ ...told });
  });

  it('takes new traces, and knows the old ones when they come again', async () => {
    await deliver(() => assay.url, runOf(NEW), AbortSignal.timeout(60_000));
    await deliver(() => assay.url, runOf(FINISHED[0]), AbortSignal.timeout(60_000));
    await deliver(() => assay.url, lateSpan(), AbortSignal.timeout(60_000));
    const isDone = ({ outcome }: Why): boolean => outcome !== 'open' && outcome !== 'pending';
    // Asked for before it is in the store, a trace is not known yet.
    const fresh = await until(
      () => ask<Why>('why', traceIdOf(NEW)).catch(() => undefined),
      (why) => why !== undefined && isDone(why),
      200_000,
    );
    expect(fresh?.version).toBe(1);
    expect((await ask<Why>('why', traceIdOf(FINISHED[0]))).version).toBe(1);
    expect((await ask<Why>('why', traceIdOf(LATE))).version).toBe(2);
  });
});
