import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ErasedTraces, Report, Why } from '../../app/index.js';
import { agentRun, SPANS_PER_RUN, traceIdOf } from '../../bench/agent-run.js';
import {
  askAssay,
  runAssay,
  startAssayProcess,
  temporaryDirectory,
  type AssayProcess,
} from '../helpers/assay-process.js';
import { deliver } from '../helpers/deliver.js';
import { judgeArgs, startJudgeServer, type JudgeServer } from '../helpers/judge-server.js';
import { until } from '../helpers/until.js';

const RUNS = 9;
/** Two runs of the same session, as `agentRun` numbers them. */
const [ONE, OTHER] = [1, 8] as const;

describe('assay erase', { timeout: 180_000 }, () => {
  const data = temporaryDirectory();
  let judge: JudgeServer;
  let args: readonly string[];
  let assay: AssayProcess & { readonly url: string };
  let before: Report;

  beforeAll(async () => {
    judge = await startJudgeServer();
    args = [
      ...judgeArgs(judge),
      '--set',
      'sampler.quietMs=200',
      '--set',
      'sampler.pi.unsuspected=1',
      '--set',
      'judges.votes=1',
    ];
    assay = await startAssayProcess({ data, args });
    for (let number = 0; number < RUNS; number += 1) {
      const body = agentRun({ number, truncated: number === OTHER });
      await deliver(() => assay.url, body, AbortSignal.timeout(120_000));
    }
    before = await until(
      report,
      ({ coverage, spend }) =>
        coverage.received === RUNS && coverage.open + coverage.pending === 0 && spend.calls === judge.requests(),
      300_000,
    );
  }, 400_000);

  afterAll(async () => {
    await assay.stop();
    await judge.close();
  });

  const report = (): Promise<Report> => askAssay(data, 'report');
  const why = (number: number): Promise<Why> => askAssay(data, 'why', traceIdOf(number));

  /** Files of bus and state with this text; the store's own are compressed. */
  function filesWith(text: string): readonly string[] {
    return ['bus', 'state'].flatMap((folder) =>
      readdirSync(join(data, folder))
        .map((name) => join(data, folder, name))
        .filter((path) => statSync(path).isFile() && readFileSync(path).includes(text)),
    );
  }

  it('refuses without a terminal to ask on, and unclear subjects, with exit code 2', async () => {
    const unasked = await runAssay(['erase', '--trace', traceIdOf(ONE), '--data', data]);
    expect(unasked.code).toBe(2);
    expect(unasked.stderr).toContain('--yes');
    expect((await runAssay(['erase', '--yes', '--data', data])).code).toBe(2);
    expect((await runAssay(['erase', '--yes', '--session', 's', '--user', 'u', '--data', data])).code).toBe(2);
    expect((await why(ONE)).trajectory.input).toContain('customer 1.');
  });

  it('says with exit code 1 that a trace, session or user is unknown', async () => {
    for (const subject of [
      ['--trace', 'ffffffffffffffffffffffffffffffff'],
      ['--session', 'nobody'],
      ['--user', 's-1'],
    ]) {
      const { code, stderr } = await runAssay(['erase', ...subject, '--yes', '--data', data]);
      expect([code, stderr]).toEqual([1, expect.stringContaining('expected a trace')]);
    }
  });

  it('erases a session from a running Assay: no text is left, the ledger is, and no number changes', async () => {
    const counted = await runAssay(['erase', '--session', 's-1', '--dry-run', '--data', data]);
    expect(counted.stdout).toMatch(/Would erase the content of 2 traces/);
    expect(filesWith('customer 1.')).not.toEqual([]);
    const { code, stdout } = await runAssay(['erase', '--session', 's-1', '--yes', '--json', '--data', data]);
    expect(code).toBe(0);
    const erased = JSON.parse(stdout) as ErasedTraces & { remains: readonly string[] };
    expect(erased).toMatchObject({ openTraces: 0, spans: 2 * SPANS_PER_RUN, decisions: 2, dryRun: false });
    expect(new Set(erased.traces.map(({ traceId }) => traceId))).toEqual(new Set([traceIdOf(ONE), traceIdOf(OTHER)]));
    expect(erased.busRecords).toBeGreaterThanOrEqual(4);
    expect(erased.judgeEntries).toBeGreaterThan(0);
    expect(erased.remains.length).toBeGreaterThan(3);
    expect(filesWith('customer 1.')).toEqual([]);
    expect(filesWith('customer 2.')).not.toEqual([]);
    expect(await report()).toEqual(before);
    const story = await why(ONE);
    expect(story).toMatchObject({ outcome: 'judged', decision: { reason: 'erased' } });
    expect(story.trajectory).toMatchObject({ input: null, output: null, sessionId: null, steps: [] });
    expect(story.verdicts).not.toHaveLength(0);
    expect(JSON.stringify(story)).not.toContain('ORD-10001');
    expect(JSON.stringify(await why(2))).toContain('ORD-10002');
  });

  it('keeps a trace erased when its sender tries again', async () => {
    await deliver(() => assay.url, agentRun({ number: ONE }), AbortSignal.timeout(120_000));
    await deliver(() => assay.url, agentRun({ number: 100 }), AbortSignal.timeout(120_000));
    const after = await until(
      report,
      ({ coverage }) => coverage.received === RUNS + 1 && coverage.open + coverage.pending === 0,
      150_000,
    );
    expect(after.coverage.judged).toBe(before.coverage.judged + 1);
    expect((await why(ONE)).trajectory.steps).toEqual([]);
    await until(
      async () => (await fetch(`${assay.url}/metrics`)).text(),
      (page) => /assay_store_erased_records_total\{topic="spans"\} [1-9]/.test(page),
    );
  });

  it('erases when no Assay runs, and once more without harm', async () => {
    await assay.stop();
    const first = await runAssay(['erase', '--trace', traceIdOf(2), '--yes', '--data', data]);
    expect([first.code, first.stderr]).toEqual([0, '']);
    expect(first.stdout).toContain('What remains:');
    expect(filesWith('customer 2.')).toEqual([]);
    expect(filesWith('customer 1.')).toEqual([]);
    const again = await runAssay(['erase', '--trace', traceIdOf(2), '--yes', '--json', '--data', data]);
    expect(JSON.parse(again.stdout)).toMatchObject({
      spans: 0,
      decisions: 0,
      verdicts: 0,
      busRecords: 0,
      judgeEntries: 0,
    });
    expect((await report()).coverage.received).toBe(RUNS + 1);
  });
});
